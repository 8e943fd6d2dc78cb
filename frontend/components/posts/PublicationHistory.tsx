import { Moment } from "@/components/ui/Moment";
import type { HistoryEvent } from "@/lib/api/types";

/** Everything that happened to a publication, oldest first, as sentences. */
export function PublicationHistory({
  events,
  timezone,
  hasTimes = true,
  lastTone = "text-ink-2",
}: {
  events: readonly HistoryEvent[];
  timezone: string;
  /** Left out where it is happening now. */
  hasTimes?: boolean;
  /** The colour of what happened last: how it stands. */
  lastTone?: string | undefined;
}) {
  return (
    <ol className="relative flex flex-col gap-2 border-line border-l pl-4">
      {events.map((event, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: history only grows at its end
        <li key={index} className="relative text-small">
          <span
            aria-hidden
            className="-left-[19px] absolute top-2 size-1.5 rounded-full bg-line-strong ring-2 ring-surface"
          />
          <span className={index === events.length - 1 ? lastTone : "text-ink-2"}>
            {event.message}
          </span>
          {hasTimes && (
            <span className="whitespace-nowrap text-caption text-ink-3 tabular-nums">
              {" "}
              <Moment at={event.at} timezone={timezone} isSentence />
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}
