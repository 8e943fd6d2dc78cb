import { Check, CircleAlert, Dot, LoaderCircle, type LucideIcon } from "lucide-react";
import { PLATFORM_NAMES } from "@/components/channels/ChannelMark";
import { cn } from "@/components/ui/cn";
import type { Publication, PublicationStep } from "@/lib/api/types";

const MARKS: Record<PublicationStep["state"], { icon: LucideIcon; tone: string; spoken: string }> =
  {
    done: { icon: Check, tone: "text-ok", spoken: "done" },
    running: { icon: LoaderCircle, tone: "text-accent", spoken: "going on" },
    waiting: { icon: Dot, tone: "text-ink-3", spoken: "not yet" },
    failed: { icon: CircleAlert, tone: "text-bad", spoken: "failed" },
  };

/** What has to be done for a publication, in order, and how far it is. */
export function PublicationSteps({ publication }: { publication: Publication }) {
  return (
    <ol
      aria-label={`Steps to ${publication.channel_name}`}
      className="flex flex-wrap gap-x-3.5 gap-y-1 text-small"
    >
      {publication.steps.map((step) => {
        const { icon: Icon, tone, spoken } = MARKS[step.state];
        return (
          <li
            key={step.name}
            className={cn(
              "flex items-center gap-1.5",
              step.state === "waiting" ? "text-ink-3" : "text-ink-2",
            )}
          >
            <Icon
              aria-hidden
              className={cn(
                "size-4 shrink-0",
                tone,
                step.state === "running" && "animate-spin motion-reduce:animate-none",
              )}
              strokeWidth={2.25}
            />
            {stepWords(step, publication)}
            <span className="sr-only">: {spoken}</span>
          </li>
        );
      })}
    </ol>
  );
}

function stepWords({ name, state, detail }: PublicationStep, { platform }: Publication): string {
  switch (name) {
    case "rendition":
      return "File made";
    case "upload":
      // What failed tells why in the history; what is under way tells how far it is.
      return state !== "failed" && detail ? `Handed over, ${detail}` : "Handed over";
    case "check":
      return `Taken by ${PLATFORM_NAMES[platform]}`;
    case "publish":
      return "Published";
    case "link":
      // Detail here means that none will come.
      return state === "waiting" && detail ? "Without a link" : "Link";
    case "comment":
      return "First comment";
  }
}
