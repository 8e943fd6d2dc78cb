import { useEffect, useEffectEvent, useRef, useState } from "react";
import { Field } from "@/components/ui/Field";
import { Textarea } from "@/components/ui/Input";
import { useChangeImage } from "@/lib/api/images";
import type { Image } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { formatCount } from "@/lib/format";

const PAUSE = 900;
const MAX_LENGTH = 1000;

/** The alt text of an image. It saves itself when typing pauses and when the field is left. */
export function AltTextField({ image }: { image: Image }) {
  const business = useBusiness();
  const change = useChangeImage(business.id);
  const [text, setText] = useState(image.alt_text);
  const saved = useRef(image.alt_text);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  const save = () => {
    clearTimeout(timer.current);
    const wanted = text.trim();
    if (wanted === saved.current) return;
    const before = saved.current;
    saved.current = wanted;
    change.mutate(
      { id: image.id, change: { alt_text: wanted } },
      {
        onError: () => {
          saved.current = before;
        },
      },
    );
  };
  const saveNow = useEffectEvent(save);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the pause begins anew with each letter
  useEffect(() => {
    timer.current = setTimeout(() => saveNow(), PAUSE);
    return () => clearTimeout(timer.current);
  }, [text]);
  // Closing the panel is leaving the field as well.
  useEffect(() => () => saveNow(), []);

  return (
    <Field
      label="Alt text"
      aside={
        <span role="status">{change.isPending ? "Saving" : change.isSuccess ? "Saved" : ""}</span>
      }
      hint={
        text ? (
          <span className="tabular-nums">
            {formatCount(text.length)} of {formatCount(MAX_LENGTH)}
          </span>
        ) : (
          "Read out to people who cannot see the picture."
        )
      }
      error={
        change.isError ? (
          <>
            Not saved. {change.error.message} What you wrote is still here.{" "}
            <button type="button" className="underline underline-offset-3" onClick={save}>
              Try again
            </button>
          </>
        ) : undefined
      }
    >
      <Textarea
        value={text}
        rows={2}
        maxRows={8}
        maxLength={MAX_LENGTH}
        placeholder="What the picture shows"
        onChange={(event) => setText(event.target.value)}
        onBlur={save}
      />
    </Field>
  );
}
