import { Check, Play } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "@/components/ui/cn";
import { Thumbnail } from "@/components/ui/Thumbnail";
import type { Image } from "@/lib/api/types";
import { originWords, tileWords } from "./imageWords";

interface ImageTileProps {
  image: Image;
  tabIndex: 0 | -1;
  isSelected: boolean;
  /** Its details are shown beside the grid. */
  isOpen?: boolean | undefined;
  /** Its place among the chosen; a check where there is no order. */
  order?: number | undefined;
  /** Cannot be chosen now; it can still be reached, and `disabledWords` say why. */
  isDisabled?: boolean | undefined;
  disabledWords?: string | undefined;
  onPress: () => void;
  /** `press`: pressing the picture chooses. A function: a check of its own does, and pressing opens. */
  check: "press" | ((image: Image) => void) | undefined;
  /** The check is there without a pointer over the tile: others are chosen already. */
  isCheckShown?: boolean | undefined;
  /** Name, origin and uses stand below the picture, and not on it. */
  hasCaption?: boolean | undefined;
  /** In the place of "Used 3×", where something else matters more. */
  note?: string | undefined;
  /** Buttons that appear over the lower edge on hover and focus. */
  actions?: ReactNode;
}

const TAG =
  "whitespace-nowrap rounded-full px-2 py-0.5 font-semibold text-caption text-on-picture tabular-nums";
const FADE = "transition-opacity duration-150 motion-reduce:transition-none";
const DISC = "flex size-5.5 items-center justify-center rounded-full font-semibold text-caption";

/** A square crop of an image with its two quiet tags. */
export function ImageTile({
  image,
  tabIndex,
  isSelected,
  isOpen = false,
  order,
  isDisabled = false,
  disabledWords,
  onPress,
  check,
  isCheckShown = false,
  hasCaption = false,
  note,
  actions,
}: ImageTileProps) {
  const isPress = check === "press";
  const hasActions = Boolean(actions);
  const disc = cn(
    DISC,
    isSelected
      ? "bg-accent text-on-accent"
      : cn(
          "border-2 border-on-picture bg-picture-scrim/55 text-on-picture",
          !isCheckShown && "opacity-0 group-hover:opacity-100 group-has-focus-visible:opacity-100",
        ),
    FADE,
  );
  const mark =
    isSelected && order !== undefined ? (
      <span className="tabular-nums">{order}</span>
    ) : (
      (isSelected || isPress) && <Check className="size-3.5" strokeWidth={3} />
    );
  return (
    <div className="group @container">
      <div className="relative">
        <button
          type="button"
          data-tile
          tabIndex={tabIndex}
          aria-label={tileWords(image)}
          aria-description={isDisabled ? disabledWords : note}
          aria-pressed={isPress ? isSelected : undefined}
          aria-current={isOpen || undefined}
          aria-disabled={isDisabled || undefined}
          onClick={() => {
            if (!isDisabled) onPress();
          }}
          className={cn(
            "relative block w-full touch-manipulation rounded-tile [-webkit-touch-callout:none]",
            (isSelected || isOpen) &&
              "after:absolute after:border-accent focus-visible:outline-offset-7",
            isSelected
              ? "after:-inset-1.25 after:rounded-[13px] after:border-3"
              : isOpen && "after:-inset-1 after:rounded-card after:border-2",
            isDisabled && "cursor-not-allowed",
          )}
        >
          <Thumbnail
            src={image.thumbnail_url}
            thumbhash={image.thumbhash}
            alt=""
            // The grid makes tiles only where they are seen.
            isEager
            className={cn(isDisabled && "opacity-40")}
          />
        </button>
        {isPress && !isDisabled && (
          <span aria-hidden className={cn("pointer-events-none absolute top-2 left-2", disc)}>
            {mark}
          </span>
        )}
        {typeof check === "function" && (
          // biome-ignore lint/a11y/useSemanticElements: it lies on a picture, and Shift reaches with it
          <button
            type="button"
            role="checkbox"
            tabIndex={tabIndex}
            aria-checked={isSelected}
            aria-label={`Select ${image.original_filename}`}
            onClick={() => check(image)}
            className="absolute top-0 left-0 flex size-9.5 items-center justify-center rounded-tile"
          >
            <span aria-hidden className={disc}>
              {mark}
            </span>
          </button>
        )}
        {image.animated && (
          <span
            aria-hidden
            className="pointer-events-none absolute top-2 right-2 flex size-5.5 items-center justify-center rounded-full bg-picture-scrim text-on-picture"
          >
            <Play className="size-2.5 fill-current" />
          </span>
        )}
        <span
          aria-hidden
          className={cn(
            "pointer-events-none absolute inset-x-2 bottom-2 flex items-end justify-between gap-1",
            FADE,
            hasActions && "group-hover:opacity-0 group-has-focus-visible:opacity-0",
          )}
        >
          {image.is_ai_generated && !hasCaption ? (
            <span className={cn(TAG, "bg-picture-tag-ai")}>AI</span>
          ) : (
            <span />
          )}
          {note && !hasCaption ? (
            <span className={cn(TAG, "bg-picture-scrim")}>{note}</span>
          ) : (
            image.usage_count > 0 &&
            !hasCaption && (
              <span className={cn(TAG, "bg-picture-scrim")} title={usesTitle(image.usage_count)}>
                <span className="hidden @min-[7.75rem]:inline">Used </span>
                {image.usage_count}×
              </span>
            )
          )}
        </span>
        {hasActions && (
          <div
            className={cn(
              "pointer-events-none absolute inset-x-1.5 bottom-1.5 flex gap-1.5 opacity-0 group-hover:pointer-events-auto group-hover:opacity-100 group-has-focus-visible:pointer-events-auto group-has-focus-visible:opacity-100",
              FADE,
            )}
          >
            {actions}
          </div>
        )}
      </div>
      {hasCaption && (
        <p aria-hidden className="pt-2 text-caption text-ink-3">
          <span className="block truncate font-medium text-ink text-small">
            {image.original_filename}
          </span>
          <span className="block truncate tabular-nums">
            {image.is_ai_generated ? (
              <span className="font-medium text-ai">{originWords(image)}</span>
            ) : (
              originWords(image)
            )}
            {note ? ` · ${note}` : image.usage_count > 0 && ` · used ${image.usage_count}×`}
          </span>
        </p>
      )}
    </div>
  );
}

/** The height of a caption and the space above it, in pixels. */
export const CAPTION_HEIGHT = 44;

/** One post on two channels is two uses. */
function usesTitle(count: number): string {
  return `Published ${count === 1 ? "once" : `${count} times`}, each channel counted`;
}
