import { formatExactMoment, formatMoment, sentence } from "@/lib/format";

interface MomentProps {
  /** RFC 3339 in UTC. */
  at: string;
  timezone: string;
  /** It begins a line: "Today at 09:12". */
  isSentence?: boolean;
}

/** A moment in a person's words, with the exact one on hover. */
export function Moment({ at, timezone, isSentence }: MomentProps) {
  const text = formatMoment(at, timezone);
  return (
    <time dateTime={at} title={formatExactMoment(at, timezone)}>
      {isSentence ? sentence(text) : text}
    </time>
  );
}
