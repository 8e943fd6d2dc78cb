import { X } from "lucide-react";
import { type KeyboardEvent, useRef } from "react";
import { cn } from "@/components/ui/cn";
import { Thumbnail } from "@/components/ui/Thumbnail";
import type { Upload } from "@/lib/upload/queue";
import type { DraftImage } from "./draft";
import { UploadTile } from "./UploadTile";
import { useStripDrag } from "./useStripDrag";

export interface ImageStripProps {
  images: readonly DraftImage[];
  /** Images over this number do not go out; null while no channel is chosen. */
  max: number | null;
  selectedId: number | null;
  uploads: readonly Upload[];
  onSelect: (imageId: number) => void;
  onMove: (imageId: number, to: number) => void;
  onRemove: (imageId: number) => void;
  onCancelUpload: (uploadId: number) => void;
}

export const STRIP_TILE = "size-21";

/**
 * The images of a post in their order. Pressing one shows its alt text; dragging, or Alt with the
 * arrow keys, moves it; Delete takes it out.
 */
export function ImageStrip(props: ImageStripProps) {
  const { images, max, selectedId, uploads, onSelect, onMove, onRemove, onCancelUpload } = props;
  const strip = useRef<HTMLUListElement>(null);
  const ids = images.map(({ imageId }) => imageId);
  const { heldId, handlersFor } = useStripDrag({ strip, ids, onMove });

  const onKeyDown = (event: KeyboardEvent, image: DraftImage, index: number) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step && event.altKey) {
      event.preventDefault();
      onMove(image.imageId, index + step);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      // The keyboard goes on at the neighbour.
      const tiles = strip.current?.querySelectorAll<HTMLElement>("[data-strip-tile]");
      (tiles?.[index + 1] ?? tiles?.[index - 1])?.focus();
      onRemove(image.imageId);
    }
  };

  return (
    <ul
      ref={strip}
      aria-label="Images in this post"
      className="relative flex flex-wrap items-start gap-2"
    >
      {images.map((image, index) => {
        const drag = handlersFor(image.imageId);
        const isOver = max !== null && max > 0 && index >= max;
        return (
          <li
            key={image.imageId}
            data-strip-id={image.imageId}
            className={cn("group relative", heldId === image.imageId && "z-10")}
          >
            <button
              type="button"
              data-strip-tile
              aria-pressed={image.imageId === selectedId}
              aria-label={tileWords(image, index, images.length, isOver)}
              aria-description={images.length > 1 ? "Alt and an arrow key move it." : undefined}
              {...drag}
              onClick={() => onSelect(image.imageId)}
              onKeyDown={(event) => {
                drag.onKeyDown(event);
                onKeyDown(event, image, index);
              }}
              className={cn(
                "relative block touch-pan-y select-none rounded-tile transition-shadow duration-150 motion-reduce:transition-none",
                images.length > 1 && (heldId === null ? "cursor-grab" : "cursor-grabbing"),
                heldId === image.imageId && "shadow-float",
                image.imageId === selectedId &&
                  images.length > 1 &&
                  "shadow-[0_0_0_2px_var(--surface),0_0_0_4px_var(--accent)]",
              )}
            >
              <Thumbnail
                src={image.thumbnailUrl}
                thumbhash={image.thumbhash}
                alt=""
                className={cn(STRIP_TILE, isOver && "opacity-45")}
              />
              <span
                aria-hidden
                className="pointer-events-none absolute inset-1.5 flex flex-col items-start justify-between font-semibold text-caption text-on-picture tabular-nums"
              >
                {/* Drawn, not written: the button's name says it in words. */}
                <span
                  data-place={index + 1}
                  className={cn(
                    "min-w-5 rounded-full bg-picture-scrim px-1.5 py-px text-center before:content-[attr(data-place)]",
                    images.length === 1 && "invisible",
                  )}
                />
                {image.isAi && (
                  <span className="rounded-full bg-picture-tag-ai px-1.5 py-px">AI</span>
                )}
              </span>
            </button>
            <RemoveButton
              label={`Take ${image.name} out of the post`}
              onPress={() => onRemove(image.imageId)}
            />
          </li>
        );
      })}
      {uploads.map((upload) => (
        <li key={`upload-${upload.id}`} className="relative">
          <UploadTile upload={upload} onCancel={() => onCancelUpload(upload.id)} />
        </li>
      ))}
    </ul>
  );
}

function tileWords(image: DraftImage, index: number, count: number, isOver: boolean): string {
  return [
    count > 1 ? `Image ${index + 1} of ${count}` : null,
    image.altText || image.name,
    image.isAi ? "made with AI" : null,
    isOver ? "one too many" : null,
  ]
    .filter(Boolean)
    .join(", ");
}

/** Over the corner of a tile; always there where nothing can hover. */
export function RemoveButton({ label, onPress }: { label: string; onPress: () => void }) {
  return (
    <button
      type="button"
      aria-label={label}
      onClick={onPress}
      className={cn(
        "absolute top-1 right-1 flex size-6 items-center justify-center rounded-full bg-picture-scrim text-on-picture",
        "opacity-0 transition-opacity duration-150 group-focus-within:opacity-100 group-hover:opacity-100 motion-reduce:transition-none pointer-coarse:opacity-100 disabled:hidden",
      )}
    >
      <X aria-hidden className="size-3.5" strokeWidth={2.5} />
    </button>
  );
}
