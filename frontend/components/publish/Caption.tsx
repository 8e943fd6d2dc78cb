import { type ReactNode, useMemo, useState } from "react";
import { captionStart } from "./caption";
import { textParts } from "./textFacts";

interface CaptionProps {
  text: string;
  /** Before the text, on its first line. */
  lead?: ReactNode;
  maxCharacters: number;
  maxLines: number;
  moreLabel: string;
}

/** The text as a feed shows it: its start, and the rest on request. */
export function Caption({ text, lead, maxCharacters, maxLines, moreLabel }: CaptionProps) {
  const [isWhole, setWhole] = useState(false);
  const start = useMemo(
    () => captionStart(text, maxCharacters, maxLines),
    [text, maxCharacters, maxLines],
  );
  const shown = isWhole || start === null ? text : start;
  return (
    <p className="whitespace-pre-wrap text-small [overflow-wrap:anywhere]">
      {lead}
      <Linked text={shown} />
      {start !== null && !isWhole && (
        <>
          {/* Right after a full stop it would read as four dots. */}
          {start.endsWith(".") ? " … " : "… "}
          <button
            type="button"
            onClick={() => setWhole(true)}
            className="rounded-[3px] text-ink-3 hover:underline"
          >
            {moreLabel}
          </button>
        </>
      )}
    </p>
  );
}

function Linked({ text }: { text: string }) {
  const parts = useMemo(() => {
    let place = 0;
    return textParts(text).map((part) => {
      place += part.text.length;
      return { ...part, place };
    });
  }, [text]);
  return parts.map(({ place, text: part, isLink }) => (
    <span key={place} className={isLink ? "text-accent" : undefined}>
      {part}
    </span>
  ));
}
