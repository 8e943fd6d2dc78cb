import { type RefObject, useMemo } from "react";
import { PLATFORM_NAMES } from "@/components/channels/ChannelMark";
import { cn } from "@/components/ui/cn";
import { Field, useFieldControl } from "@/components/ui/Field";
import type { Channel } from "@/lib/api/types";
import { formatCount, plural } from "@/lib/format";
import { ProblemNotices } from "./ProblemNotices";
import type { Problem } from "./rules";
import { textFacts, textParts } from "./textFacts";

interface TextFieldProps {
  text: string;
  chosen: readonly Channel[];
  problems: readonly Problem[];
  onChange: (text: string) => void;
  inputRef: RefObject<HTMLTextAreaElement | null>;
}

/** The text of the post, with what of it counts on each platform. */
export function TextField({ text, chosen, problems, onChange, inputRef }: TextFieldProps) {
  return (
    <div className="flex flex-col gap-2">
      <Field label="Text" hint={<Counters text={text} chosen={chosen} />}>
        <LinkedTextarea text={text} onChange={onChange} inputRef={inputRef} />
      </Field>
      <ProblemNotices problems={problems} />
    </div>
  );
}

const BOX = "whitespace-pre-wrap px-3 py-2 [overflow-wrap:anywhere] pointer-coarse:text-[1rem]";

/**
 * A text area that shows hashtags and mentions in the colour of links. The coloured copy lies over
 * the real one, whose own letters are clear; it also gives the height, so nothing ever scrolls in it.
 */
function LinkedTextarea({
  text,
  onChange,
  inputRef,
}: Pick<TextFieldProps, "text" | "onChange" | "inputRef">) {
  const control = useFieldControl();
  const parts = useMemo(() => withPlaces(text), [text]);
  return (
    <div className="relative rounded-control bg-surface">
      <textarea
        {...control}
        ref={inputRef}
        value={text}
        placeholder="What do you want to say?"
        onChange={(event) => onChange(event.target.value)}
        style={{ color: "transparent", caretColor: "var(--ink)" }}
        className={cn(
          BOX,
          "absolute inset-0 size-full resize-none overflow-hidden rounded-control border border-line-input",
          "transition-colors duration-150 hover:border-ink-3 focus-visible:border-accent focus-visible:outline-offset-0 motion-reduce:transition-none",
        )}
      />
      <div
        aria-hidden
        className={cn(
          BOX,
          "pointer-events-none relative min-h-30 border border-transparent text-ink",
        )}
      >
        {parts.map(({ key, text: part, isLink }) => (
          <span key={key} className={isLink ? "text-accent" : undefined}>
            {part}
          </span>
        ))}
        {/* A line break at the very end is a line of its own only with something on it. */}
        {"\u200b"}
      </div>
    </div>
  );
}

function withPlaces(text: string) {
  let place = 0;
  return textParts(text).map((part) => {
    const key = place;
    place += part.text.length;
    return { ...part, key };
  });
}

function Counters({ text, chosen }: { text: string; chosen: readonly Channel[] }) {
  const facts = useMemo(() => textFacts(text), [text]);
  const platforms = chosen.filter(
    (channel, index) =>
      channel.rules.max_characters > 0 &&
      chosen.findIndex(({ platform }) => platform === channel.platform) === index,
  );
  if (!platforms.length) {
    return (
      <span className="text-caption tabular-nums">{plural(facts.characters, "character")}</span>
    );
  }
  return (
    <span className="flex flex-wrap gap-x-4 gap-y-0.5 text-caption tabular-nums">
      {platforms.map(({ id, platform, rules }) => (
        <span key={id} className="flex flex-wrap gap-x-3">
          <Counter
            has={facts.characters}
            limit={rules.max_characters}
            words={`${PLATFORM_NAMES[platform]} ${formatCount(facts.characters)} / ${formatCount(rules.max_characters)}`}
          />
          {rules.max_hashtags !== null && (
            <Counter
              has={facts.hashtags}
              limit={rules.max_hashtags}
              words={`${facts.hashtags} of ${rules.max_hashtags} hashtags`}
            />
          )}
          {rules.max_mentions !== null && (
            <Counter
              has={facts.mentions}
              limit={rules.max_mentions}
              words={`${facts.mentions} of ${rules.max_mentions} mentions`}
            />
          )}
        </span>
      ))}
    </span>
  );
}

function Counter({ has, limit, words }: { has: number; limit: number; words: string }) {
  return <span className={cn(has > limit && "font-semibold text-bad")}>{words}</span>;
}
