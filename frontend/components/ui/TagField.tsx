import { Combobox as Base } from "@base-ui/react/combobox";
import { Plus, X } from "lucide-react";
import { type ReactNode, useId, useRef, useState } from "react";

interface TagFieldProps {
  label: string;
  /** Stands beside the label, quieter. */
  aside?: ReactNode;
  error?: ReactNode;
  value: readonly string[];
  onChange: (tags: string[]) => void;
  /** Tags that exist already, the likeliest first. */
  suggestions: readonly string[];
  /** What is being typed, so that better suggestions can be fetched. */
  onType?: (text: string) => void;
  /** Pressing a tag does this. */
  onPress?: ((tag: string) => void) | undefined;
  placeholder?: string;
}

const LONGEST = 50;
const MOST = 30;
/** Suggestions that are shown at once. */
const SHOWN = 8;

/**
 * Words given to something, each a chip that can be taken away. Enter or a comma gives what is typed,
 * arrow keys choose from what exists, and from the start of the line the left arrow walks the chips.
 */
export function TagField({
  label,
  aside,
  error,
  value,
  onChange,
  suggestions,
  onType,
  onPress,
  placeholder = "Add a tag",
}: TagFieldProps) {
  const id = useId();
  const [text, setText] = useState("");
  const [isOpen, setOpen] = useState(false);
  const highlighted = useRef<string | undefined>(undefined);
  const typed = cleanTag(text);
  const isKnown = suggestions.some((tag) => isSame(tag, typed));
  const fresh = suggestions.filter((tag) => !value.some((own) => isSame(own, tag)));
  const items = [...fresh, ...(typed && !isKnown && !has(value, typed) ? [typed] : [])];
  const isFull = value.length >= MOST;

  const type = (next: string) => {
    setText(next);
    onType?.(next);
  };
  const add = (written: string) => {
    const tags = written.split(",").map(cleanTag).filter(Boolean);
    const next = [...value];
    for (const tag of tags) {
      if (!has(next, tag)) next.push(suggestions.find((it) => isSame(it, tag)) ?? tag);
    }
    type("");
    setOpen(false);
    if (next.length > value.length) onChange(next.slice(0, MOST));
  };

  return (
    <div className="flex flex-col gap-1.5">
      <div className="flex items-baseline gap-1.5 text-small">
        <label htmlFor={id} className="font-semibold">
          {label}
        </label>
        {aside && <span className="text-ink-3">{aside}</span>}
      </div>
      <Base.Root
        items={items}
        multiple
        value={[...value]}
        onValueChange={(next: string[]) => {
          // What was highlighted and chosen may be a chip already in other letters.
          const added = next.find((tag) => !value.includes(tag));
          if (added) add(added);
          else onChange(next);
        }}
        inputValue={text}
        onInputValueChange={(next, { reason }) => {
          if (reason !== "input-change" && reason !== "input-clear") return;
          if (next.includes(",")) add(next);
          else type(next);
        }}
        onItemHighlighted={(item) => {
          highlighted.current = item;
        }}
        limit={SHOWN}
        // A list with nothing in it would hide the page from screen readers all the same.
        open={isOpen && items.length > 0}
        onOpenChange={setOpen}
        openOnInputClick={false}
      >
        <Base.Chips
          aria-label={value.length ? "Tags" : undefined}
          className="flex min-h-control flex-wrap items-center gap-1.5 rounded-control border border-line-input bg-surface p-1 transition-colors duration-150 focus-within:border-accent focus-within:outline-2 focus-within:outline-accent hover:border-ink-3 motion-reduce:transition-none"
        >
          {value.map((tag) => (
            <Base.Chip
              key={tag}
              aria-label={tag}
              aria-description={onPress ? "Enter shows all images with it" : undefined}
              onClick={(event) => {
                if (!(event.target as Element).closest("[data-remove]")) onPress?.(tag);
              }}
              onKeyDown={(event) => {
                if (event.key === "Enter") onPress?.(tag);
              }}
              className={`inline-flex h-6.5 max-w-full items-center rounded-small bg-sunken pl-2 font-medium text-small outline-offset-0 dark:bg-raised ${onPress ? "cursor-pointer hover:text-accent" : ""}`}
            >
              <span className="truncate">{tag}</span>
              <Base.ChipRemove
                data-remove
                aria-label={`Take the tag ${tag} away`}
                className="flex size-6.5 shrink-0 items-center justify-center rounded-small text-ink-3 hover:text-ink"
              >
                <X aria-hidden className="size-3.5" />
              </Base.ChipRemove>
            </Base.Chip>
          ))}
          <Base.Input
            id={id}
            // While the list is open, all but the two of them is hidden: the label as well.
            aria-label={label}
            maxLength={LONGEST * 4}
            disabled={isFull}
            placeholder={isFull ? "As many as there can be" : value.length ? "" : placeholder}
            aria-invalid={error ? true : undefined}
            aria-describedby={error ? `${id}-error` : undefined}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || highlighted.current || !typed) return;
              event.preventDefault();
              add(text);
            }}
            onBlur={() => {
              if (typed) add(text);
            }}
            className="h-6.5 min-w-20 flex-1 bg-transparent px-1.5 outline-none"
          />
        </Base.Chips>
        <Base.Portal>
          <Base.Positioner sideOffset={5} align="start" className="z-50 outline-none">
            <Base.Popup className="appear appear-scale w-(--anchor-width) min-w-44 origin-(--transform-origin) rounded-card border border-line bg-surface p-1 shadow-float data-empty:hidden dark:bg-raised">
              <Base.List className="max-h-(--available-height) overflow-y-auto outline-none">
                {(tag: string) => (
                  <Base.Item
                    key={tag}
                    value={tag}
                    className="flex min-h-8 cursor-pointer select-none items-center gap-2 rounded-small px-2.5 py-1.5 outline-none data-highlighted:bg-ink/6"
                  >
                    {tag === typed && !isKnown && (
                      <Plus aria-hidden className="size-4 shrink-0 text-ink-3" />
                    )}
                    <span className="truncate">
                      {tag === typed && !isKnown ? `New tag “${tag}”` : tag}
                    </span>
                  </Base.Item>
                )}
              </Base.List>
            </Base.Popup>
          </Base.Positioner>
        </Base.Portal>
      </Base.Root>
      {error && (
        <p id={`${id}-error`} className="text-bad text-small">
          {error}
        </p>
      )}
    </div>
  );
}

/** As the server would keep it: no spaces around it, no sign before it, not too long. */
export function cleanTag(text: string): string {
  const words = text.trim().replace(/^#+/, "").replace(/\s+/g, " ").trim();
  return Array.from(words).slice(0, LONGEST).join("");
}

function isSame(a: string, b: string): boolean {
  return a.toLocaleLowerCase() === b.toLocaleLowerCase();
}

function has(tags: readonly string[], tag: string): boolean {
  return tags.some((own) => isSame(own, tag));
}
