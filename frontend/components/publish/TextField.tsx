import { type RefObject, useMemo } from "react";
import { PLATFORM_NAMES } from "@/components/channels/ChannelMark";
import { cn } from "@/components/ui/cn";
import { Field, useFieldControl } from "@/components/ui/Field";
import { CureButton } from "@/components/ui/feedback";
import { Segmented } from "@/components/ui/Segmented";
import type { Channel } from "@/lib/api/types";
import { formatCount, plural } from "@/lib/format";
import { type Draft, type DraftAction, textFor } from "./draft";
import { PartText } from "./PartText";
import { ProblemNotices } from "./ProblemNotices";
import type { Problem } from "./rules";
import { shortName } from "./shortName";
import { hashtagPlace, mentionPlace, textFacts, textParts } from "./textFacts";

interface TextFieldProps {
  draft: Draft;
  chosen: readonly Channel[];
  problems: readonly Problem[];
  dispatch: (action: DraftAction) => void;
  /** The channel whose own text is written; null: the text of all that have none. */
  writtenFor: number | null;
  onWriteFor: (channelId: number | null) => void;
  inputRef: RefObject<HTMLTextAreaElement | null>;
}

/** The text of the post, one for all channels or one for each, with what of it counts where. */
export function TextField(props: TextFieldProps) {
  const { draft, chosen, problems, dispatch, onWriteFor, inputRef } = props;
  const parted = chosen.filter(({ id }) => draft.texts[id] !== undefined);
  const own = parted.find(({ id }) => id === props.writtenFor);
  const joined = chosen.filter(({ id }) => draft.texts[id] === undefined);
  const text = own ? textFor(draft, own.id) : draft.text;
  const write = (written: string) => dispatch({ type: "write", text: written, channelId: own?.id });
  const goOn = () => requestAnimationFrame(() => inputRef.current?.focus());
  const part = (channelId: number) => {
    dispatch({ type: "partText", channelId });
    onWriteFor(channelId);
    goOn();
  };
  return (
    <div className="flex flex-col gap-2">
      {parted.length > 0 && (
        <Segmented
          label="Text of"
          value={own ? String(own.id) : "all"}
          onChange={(value) => onWriteFor(value === "all" ? null : Number(value))}
          options={[
            { value: "all", label: joined.length ? "All others" : "Any other channel" },
            ...parted.map((channel) => ({
              value: String(channel.id),
              label: shortName(channel, chosen),
            })),
          ]}
          className="self-start"
        />
      )}
      <Field
        label={own ? `Text for ${shortName(own, chosen)}` : "Text"}
        hint={<Counters text={text} chosen={own ? [own] : joined} />}
      >
        <LinkedTextarea text={text} onChange={write} inputRef={inputRef} />
      </Field>
      {(own || chosen.length > 1) && (
        <p className="flex flex-wrap gap-x-4 gap-y-1 text-small">
          {own ? (
            <button
              type="button"
              className="link min-h-6"
              onClick={() => {
                dispatch({ type: "joinText", channelId: own.id });
                onWriteFor(null);
                goOn();
              }}
            >
              Use the text of all others on {shortName(own, chosen)}
            </button>
          ) : (
            <PartText joined={joined} chosen={chosen} onPart={part} />
          )}
        </p>
      )}
      <ProblemNotices
        problems={problems}
        cureFor={({ code, channelId }) => {
          const over = OVER[code];
          const channel = chosen.find(({ id }) => id === channelId);
          if (!over || !channel) return null;
          const isOwn = draft.texts[channelId] !== undefined;
          return (
            <CureButton
              onPress={() => {
                const meant = isOwn ? channelId : null;
                const show = () => selectFrom(inputRef.current, over(channel.rules));
                if (meant === (own?.id ?? null)) return show();
                // The text is the meant one only after this.
                onWriteFor(meant);
                requestAnimationFrame(show);
              }}
            >
              Show me where
            </CureButton>
          );
        }}
      />
    </div>
  );
}

/** Where in a text begins what is too much. */
const OVER: Record<string, (rules: Channel["rules"]) => (text: string) => number> = {
  text_too_long: (rules) => () => rules.max_characters,
  too_many_hashtags: (rules) => (text) => hashtagPlace(text, rules.max_hashtags ?? 0),
  too_many_mentions: (rules) => (text) => mentionPlace(text, rules.max_mentions ?? 0),
};

/** Selects all from there to the end: one key takes it out. */
function selectFrom(area: HTMLTextAreaElement | null, placeIn: (text: string) => number): void {
  if (!area) return;
  area.focus();
  area.setSelectionRange(placeIn(area.value), area.value.length);
  area.scrollIntoView({ block: "end" });
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
}: Pick<TextFieldProps, "inputRef"> & { text: string; onChange: (text: string) => void }) {
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
