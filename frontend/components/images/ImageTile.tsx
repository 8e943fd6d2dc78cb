import { Check } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "@/components/ui/cn";
import { Thumbnail } from "@/components/ui/Thumbnail";
import type { Image } from "@/lib/api/types";
import { tileWords } from "./imageWords";

interface ImageTileProps {
  image: Image;
  tabIndex: 0 | -1;
  isSelected: boolean;
  /** Its place among the chosen; a check where there is no order. */
  order?: number | undefined;
  /** Cannot be chosen now; it can still be reached, and `disabledWords` say why. */
  isDisabled?: boolean | undefined;
  disabledWords?: string | undefined;
  onPress: () => void;
  /** Shows a check on hover: pressing chooses. */
  hasCheck?: boolean | undefined;
  /** Buttons that appear over the lower edge on hover and focus. */
  actions?: ReactNode;
}

/** A square crop of an image with its two quiet tags. */
export function ImageTile({
  image,
  tabIndex,
  isSelected,
  order,
  isDisabled = false,
  disabledWords,
  onPress,
  hasCheck = false,
  actions,
}: ImageTileProps) {
  return (
    <div className="group @container relative">
      <button
        type="button"
        data-tile
        tabIndex={tabIndex}
        aria-label={tileWords(image)}
        aria-description={isDisabled ? disabledWords : undefined}
        aria-pressed={isSelected}
        aria-disabled={isDisabled || undefined}
        onClick={() => {
          if (!isDisabled) onPress();
        }}
        className={cn(
          "relative block w-full rounded-tile",
          isSelected &&
            "after:-inset-1.25 after:absolute after:rounded-[13px] after:border-3 after:border-accent focus-visible:outline-offset-7",
          isDisabled && "cursor-not-allowed",
        )}
      >
        <Thumbnail
          src={image.thumbnail_url}
          thumbhash={image.thumbhash}
          alt=""
          className={cn(isDisabled && "opacity-40")}
        />
      </button>
      {(isSelected || hasCheck) && !isDisabled && (
        <span
          aria-hidden
          className={cn(
            "pointer-events-none absolute top-2 left-2 flex size-5.5 items-center justify-center rounded-full font-semibold text-caption tabular-nums transition-opacity duration-150 motion-reduce:transition-none",
            isSelected
              ? "bg-accent text-on-accent"
              : "bg-picture-scrim text-on-picture opacity-0 group-hover:opacity-100 group-has-focus-visible:opacity-100",
          )}
        >
          {isSelected && order !== undefined ? (
            order
          ) : (
            <Check className="size-3.5" strokeWidth={3} />
          )}
        </span>
      )}
      <span
        aria-hidden
        className={cn(
          "pointer-events-none absolute inset-x-2 bottom-2 flex items-end justify-between gap-1 font-semibold text-caption text-on-picture transition-opacity duration-150 motion-reduce:transition-none",
          actions !== undefined && "group-hover:opacity-0 group-has-focus-visible:opacity-0",
        )}
      >
        {image.is_ai_generated ? (
          <span className="rounded-full bg-picture-tag-ai px-2 py-0.5">AI</span>
        ) : (
          <span />
        )}
        {image.usage_count > 0 && (
          <span className="whitespace-nowrap rounded-full bg-picture-scrim px-2 py-0.5 tabular-nums">
            <span className="hidden @min-[7.75rem]:inline">Used </span>
            {image.usage_count}×
          </span>
        )}
      </span>
      {actions && (
        <div className="pointer-events-none absolute inset-x-1.5 bottom-1.5 flex gap-1.5 opacity-0 transition-opacity duration-150 group-hover:pointer-events-auto group-hover:opacity-100 group-has-focus-visible:pointer-events-auto group-has-focus-visible:opacity-100 motion-reduce:transition-none">
          {actions}
        </div>
      )}
    </div>
  );
}
