import { Check, Copy, Scaling } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/Button";
import { copyText } from "@/lib/clipboard";
import { formatCount } from "@/lib/format";
import type { UploadSummary } from "@/lib/upload/summary";
import { refusedList } from "./uploadWords";
import type { UploadActions, Uploads } from "./useUploads";

/** Offers to make all that is too large fit at once. */
export function ResizeOffer({
  summary: { resizable },
  actions,
}: {
  summary: UploadSummary;
  actions: UploadActions;
}) {
  return (
    <div className="flex min-h-15.25 items-center gap-3 border-line border-t bg-sunken/60 py-2.5 pr-3 pl-4 dark:bg-sunken/40">
      <p className="min-w-0 flex-1 text-pretty text-ink-2 text-small">
        <strong className="font-semibold text-ink">{formatCount(resizable)} are too large.</strong>{" "}
        They can be resized here.
      </p>
      <Button size="sm" icon={Scaling} onClick={actions.resizeAll}>
        Resize all {formatCount(resizable)}
      </Button>
    </div>
  );
}

interface OutcomeFooterProps {
  uploads: Uploads["uploads"];
  summary: UploadSummary;
  actions: UploadActions;
  showsAll: boolean;
  onShowAll: (showsAll: boolean) => void;
}

/** What can be done about all that was not taken: see it among the rest, keep the list, try again. */
export function OutcomeFooter(props: OutcomeFooterProps) {
  const { uploads, summary, actions, showsAll, onShowAll } = props;
  const { total, failed, retryable } = summary;
  return (
    <footer className="flex flex-wrap items-center gap-x-1 border-line border-t px-1.5 py-1.5">
      {failed < total && (
        <Button size="sm" variant="ghost" onClick={() => onShowAll(!showsAll)}>
          {showsAll ? `Show only the ${formatCount(failed)}` : `Show all ${formatCount(total)}`}
        </Button>
      )}
      <span className="ml-auto" />
      {retryable > 0 && (
        <Button size="sm" variant="ghost" onClick={actions.retryAll}>
          Try {formatCount(retryable)} again
        </Button>
      )}
      <CopyButton text={() => refusedList(uploads)} />
    </footer>
  );
}

function CopyButton({ text }: { text: () => string }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <>
      <Button
        size="sm"
        variant="ghost"
        icon={isCopied ? Check : Copy}
        onClick={async () => setCopied(await copyText(text()))}
        onBlur={() => setCopied(false)}
      >
        {isCopied ? "Copied" : "Copy list"}
      </Button>
      <span role="status" className="sr-only">
        {isCopied ? "The list is copied." : ""}
      </span>
    </>
  );
}
