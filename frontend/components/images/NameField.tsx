import { Pencil } from "lucide-react";
import { useRef, useState } from "react";
import { Input } from "@/components/ui/Input";
import { useChangeImage } from "@/lib/api/images";
import type { Image } from "@/lib/api/types";
import { useBusiness, useMayWrite } from "@/lib/business";

const LONGEST = 255;

/** The name of an image; pressing it makes it a field. Enter keeps what is written, Escape does not. */
export function NameField({ image }: { image: Image }) {
  const business = useBusiness();
  const mayWrite = useMayWrite();
  const change = useChangeImage(business.id);
  const [text, setText] = useState<string | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  const isDone = useRef(false);

  const close = (hasKeyboard: boolean) => {
    setText(null);
    if (hasKeyboard) requestAnimationFrame(() => button.current?.focus());
  };
  const save = (hasKeyboard: boolean) => {
    const wanted = text?.trim() ?? "";
    if (!wanted || wanted === image.original_filename) {
      change.reset();
      close(hasKeyboard);
      return;
    }
    change.mutate(
      { id: image.id, change: { filename: wanted } },
      { onSuccess: () => close(hasKeyboard) },
    );
  };

  if (!mayWrite) {
    return <h2 className="break-words font-semibold text-name">{image.original_filename}</h2>;
  }
  if (text === null) {
    return (
      <h2 className="-mx-1.5 font-semibold text-name">
        <button
          ref={button}
          type="button"
          aria-description="Press to give it another name"
          onClick={() => {
            isDone.current = false;
            setText(image.original_filename);
          }}
          className="group/name flex w-full items-start gap-2 rounded-small px-1.5 py-0.5 text-left hover:bg-sunken"
        >
          <span className="min-w-0 break-words">{image.original_filename}</span>
          <Pencil
            aria-hidden
            className="mt-1 size-3.5 shrink-0 text-ink-3 opacity-0 transition-opacity duration-150 group-hover/name:opacity-100 group-focus-visible/name:opacity-100 motion-reduce:transition-none pointer-coarse:opacity-100"
          />
        </button>
      </h2>
    );
  }
  return (
    <div className="flex flex-col gap-1.5">
      <Input
        aria-label="Name"
        value={text}
        maxLength={LONGEST}
        aria-invalid={change.isError || undefined}
        aria-busy={change.isPending || undefined}
        ref={(input) => {
          if (!input || document.activeElement === input) return;
          input.focus();
          // The ending says what kind of file it is, and is seldom what somebody wants to change.
          const dot = input.value.lastIndexOf(".");
          input.setSelectionRange(0, dot > 0 ? dot : input.value.length);
        }}
        onChange={(event) => setText(event.target.value)}
        onBlur={() => {
          if (!isDone.current) save(false);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") {
            event.preventDefault();
            save(true);
          } else if (event.key === "Escape") {
            // Only the field is left, not the panel around it.
            event.preventDefault();
            event.stopPropagation();
            isDone.current = true;
            change.reset();
            close(true);
          }
        }}
        className="-mx-1.5 w-[calc(100%+0.75rem)] px-1.5 font-semibold text-name"
      />
      {change.isError && (
        <p role="alert" className="text-bad text-small">
          Not renamed. {change.error.message}
        </p>
      )}
    </div>
  );
}
