import { Download, ImagePlus, type LucideIcon, RotateCcw, Tag, Trash2, X } from "lucide-react";
import type { ReactNode } from "react";
import type { ImageSelection } from "@/components/images/useSelection";
import { Button } from "@/components/ui/Button";
import { IconButton } from "@/components/ui/IconButton";
import { MOST_AT_ONCE } from "@/lib/api/images";
import type { Image } from "@/lib/api/types";
import { formatCount, plural } from "@/lib/format";

/** What can be done with all that is chosen. */
export interface SelectionDoings {
  onUse: (images: Image[]) => void;
  onTag: (images: Image[]) => void;
  onDownload: (images: Image[]) => void;
  onDelete: (images: Image[]) => void;
  onRestore: (images: Image[]) => void;
}

interface SelectionBarProps {
  selection: ImageSelection;
  isTrash: boolean;
  isNarrow: boolean;
  doings: SelectionDoings;
}

interface Doing {
  label: string;
  icon: LucideIcon;
  onPress: () => void;
  isMain?: boolean;
}

/**
 * How many images are chosen and what can be done with them. It takes the toolbar's place on a wide
 * screen, and the bottom bar's on a phone.
 */
export function SelectionBar({ selection, isTrash, isNarrow, doings }: SelectionBarProps) {
  const images = [...selection.chosen.values()];
  const count = images.length;
  const words = count === 0 ? "" : `${formatCount(count)} selected`;
  const list: Doing[] = isTrash
    ? [{ label: "Restore", icon: RotateCcw, onPress: () => doings.onRestore(images), isMain: true }]
    : [
        {
          label: "Use in a post",
          icon: ImagePlus,
          onPress: () => doings.onUse(images),
          isMain: true,
        },
        { label: "Tag", icon: Tag, onPress: () => doings.onTag(images) },
        { label: "Download", icon: Download, onPress: () => doings.onDownload(images) },
        { label: "Delete", icon: Trash2, onPress: () => doings.onDelete(images) },
      ];
  return (
    <>
      <p role="status" className="sr-only">
        {count > 0 &&
          `${plural(count, "image")} selected${count === MOST_AT_ONCE ? ", which is the most" : ""}`}
      </p>
      {count > 0 &&
        (isNarrow ? (
          <PhoneBar words={words} list={list} onClear={selection.clear} />
        ) : (
          <WideBar words={words} onClear={selection.clear}>
            {list.map(({ label, icon, onPress, isMain }) => (
              <Button
                key={label}
                icon={icon}
                variant={isMain ? "primary" : "secondary"}
                onClick={onPress}
              >
                {label}
              </Button>
            ))}
          </WideBar>
        ))}
    </>
  );
}

interface BarProps {
  words: string;
  onClear: () => void;
}

function WideBar({ words, onClear, children }: BarProps & { children: ReactNode }) {
  return (
    <div
      role="toolbar"
      aria-label="Selected images"
      className="page-padding sticky top-0 z-10 flex flex-wrap items-center gap-2 bg-bg pt-1 pb-3"
    >
      <IconButton label="Clear the selection" icon={X} onClick={onClear} />
      <p aria-hidden className="mr-auto font-semibold text-name tabular-nums">
        {words}
      </p>
      {children}
    </div>
  );
}

const ITEM =
  "flex h-14 min-w-0 flex-col items-center justify-center gap-0.5 font-medium text-caption text-ink-2 active:text-ink";

function PhoneBar({ words, list, onClear }: BarProps & { list: readonly Doing[] }) {
  return (
    <div
      role="toolbar"
      aria-label="Selected images"
      className="fixed inset-x-0 bottom-0 z-31 grid auto-cols-fr grid-flow-col border-line border-t bg-surface pb-[env(safe-area-inset-bottom)] shadow-float"
    >
      <button type="button" aria-label={`${words}. Clear`} onClick={onClear} className={ITEM}>
        <X aria-hidden className="size-5" strokeWidth={1.75} />
        <span className="text-ink tabular-nums">{words}</span>
      </button>
      {list.map(({ label, icon: Icon, onPress, isMain }) => (
        <button
          key={label}
          type="button"
          aria-label={label}
          onClick={onPress}
          className={`${ITEM} ${isMain ? "text-accent" : ""}`}
        >
          <Icon aria-hidden className="size-5" strokeWidth={1.75} />
          {label === "Use in a post" ? "Use" : label}
        </button>
      ))}
    </div>
  );
}
