import {
  Check,
  ChevronRight,
  CircleAlert,
  CircleCheck,
  CircleMinus,
  Copy,
  type LucideIcon,
  TriangleAlert,
} from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/Button";
import { cn } from "@/components/ui/cn";
import type { StorageReport } from "@/lib/api/types";
import { copyText } from "@/lib/clipboard";
import { plural } from "@/lib/format";

type Finding = StorageReport["checks"][number];

const STATES: Record<Finding["state"], { icon: LucideIcon; colour: string; word: string }> = {
  ok: { icon: CircleCheck, colour: "text-ok", word: "Works" },
  warning: { icon: TriangleAlert, colour: "text-warn", word: "Works, but look at it" },
  failed: { icon: CircleAlert, colour: "text-bad", word: "Does not work" },
  skipped: { icon: CircleMinus, colour: "text-ink-3", word: "Not checked" },
};

/** What the check found, each with what to change, and what to paste into the store's own settings. */
export function StorageChecks({ report: { checks, documents } }: { report: StorageReport }) {
  return (
    <div className="mt-5 border-line border-t pt-4">
      <p role="status" className="font-semibold">
        {verdict(checks)}
      </p>
      <ul aria-label="What was checked" className="mt-1 divide-y divide-line">
        {checks.map((finding) => (
          <CheckRow key={finding.name} finding={finding} />
        ))}
      </ul>
      {documents.map((document) => (
        <Document key={document.title} {...document} />
      ))}
    </div>
  );
}

function verdict(checks: readonly Finding[]): string {
  const count = (state: Finding["state"]) => checks.filter((it) => it.state === state).length;
  const [failed, warnings] = [count("failed"), count("warning")];
  if (failed) return `${plural(failed, "thing does", "things do")} not work.`;
  return warnings
    ? `The storage works. ${plural(warnings, "thing deserves", "things deserve")} a look.`
    : "The storage does all that it must.";
}

function CheckRow({ finding: { title, state, detail, fix } }: { finding: Finding }) {
  const { icon: Icon, colour, word } = STATES[state];
  return (
    <li className="flex gap-3 py-2.5">
      <Icon aria-hidden className={cn("mt-0.5 size-4 shrink-0", colour)} />
      <div className="min-w-0 flex-1">
        <p className="font-medium">
          <span className="sr-only">{word}: </span>
          {title}
        </p>
        {detail && (
          <p className="text-pretty text-ink-2 text-small [overflow-wrap:anywhere]">{detail}</p>
        )}
        {fix && state !== "ok" && (
          <p className="mt-1.5 rounded-control bg-sunken px-3 py-2 text-small [overflow-wrap:anywhere]">
            <span className="font-semibold">To change: </span>
            {fix}
          </p>
        )}
      </div>
    </li>
  );
}

/** Folded, because it is long and needed once. */
function Document({ title, content }: StorageReport["documents"][number]) {
  const [isCopied, setCopied] = useState(false);
  return (
    <details className="group mt-3 rounded-control border border-line">
      <summary className="flex min-h-10 list-none items-center gap-2 rounded-control px-3 font-medium text-small">
        <ChevronRight
          aria-hidden
          className="size-4 text-ink-3 transition-transform duration-150 group-open:rotate-90 motion-reduce:transition-none"
        />
        {title}
      </summary>
      <div className="relative border-line border-t">
        <textarea
          readOnly
          aria-label={title}
          rows={Math.min(16, content.split("\n").length)}
          value={content}
          spellCheck={false}
          className="block w-full resize-none rounded-control p-3 font-mono text-caption"
        />
        <span className="absolute top-2 right-2">
          <Button
            size="sm"
            icon={isCopied ? Check : Copy}
            onClick={async () => setCopied(await copyText(content))}
            onBlur={() => setCopied(false)}
          >
            {isCopied ? "Copied" : "Copy"}
          </Button>
        </span>
      </div>
    </details>
  );
}
