import { ImagePlus } from "lucide-react";
import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { cn } from "@/components/ui/cn";
import { Thumbnail } from "@/components/ui/Thumbnail";
import type { Image } from "@/lib/api/types";
import { formatCount, plural } from "@/lib/format";

interface Drag {
  images: readonly Image[];
  x: number;
  y: number;
  isOver: boolean;
}

/**
 * Images that are taken with the mouse and carried to the target that appears. Letting go anywhere
 * else, or Escape, puts them back. `view` must be somewhere on the page.
 */
export function useImageDrag(onDrop: (images: readonly Image[]) => void): {
  start: (images: readonly Image[], event: PointerEvent) => void;
  view: ReactNode;
} {
  const [drag, setDrag] = useState<Drag | null>(null);
  const target = useRef<HTMLDivElement>(null);
  const drop = useRef(onDrop);
  drop.current = onDrop;
  const isDragging = drag !== null;
  const images = drag?.images;

  useEffect(() => {
    if (!isDragging || !images) return;
    const isOver = ({ clientX, clientY }: PointerEvent) => {
      const box = target.current?.getBoundingClientRect();
      return Boolean(
        box &&
          clientX >= box.left &&
          clientX <= box.right &&
          clientY >= box.top &&
          clientY <= box.bottom,
      );
    };
    const onMove = (event: PointerEvent) =>
      setDrag({ images, x: event.clientX, y: event.clientY, isOver: isOver(event) });
    const onUp = (event: PointerEvent) => {
      setDrag(null);
      if (isOver(event)) drop.current(images);
    };
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      setDrag(null);
    };
    const cancel = () => setDrag(null);
    window.addEventListener("pointermove", onMove);
    window.addEventListener("pointerup", onUp);
    window.addEventListener("pointercancel", cancel);
    window.addEventListener("blur", cancel);
    window.addEventListener("keydown", onKeyDown, { capture: true });
    document.documentElement.style.cursor = "grabbing";
    return () => {
      window.removeEventListener("pointermove", onMove);
      window.removeEventListener("pointerup", onUp);
      window.removeEventListener("pointercancel", cancel);
      window.removeEventListener("blur", cancel);
      window.removeEventListener("keydown", onKeyDown, { capture: true });
      document.documentElement.style.cursor = "";
    };
  }, [isDragging, images]);

  const start = useCallback(
    (taken: readonly Image[], { clientX, clientY }: PointerEvent) =>
      setDrag({ images: taken, x: clientX, y: clientY, isOver: false }),
    [],
  );
  return {
    start,
    view: drag && createPortal(<DragView drag={drag} targetRef={target} />, document.body),
  };
}

function DragView({
  drag: { images, x, y, isOver },
  targetRef,
}: {
  drag: Drag;
  targetRef: React.RefObject<HTMLDivElement | null>;
}) {
  const [first] = images;
  const count = images.length;
  return (
    <div aria-hidden className="fixed inset-0 z-40 cursor-grabbing">
      <div
        ref={targetRef}
        className={cn(
          "appear -translate-x-1/2 absolute bottom-6 left-1/2 flex w-110 max-w-[calc(100vw-2rem)] items-center gap-4 rounded-dialog border-2 border-dashed px-6 py-5 shadow-float md:ml-28",
          "transition-colors duration-150 motion-reduce:transition-none starting:translate-y-3 starting:opacity-0",
          isOver ? "border-accent bg-accent-soft" : "border-line-strong bg-surface",
        )}
      >
        <span
          className={cn(
            "flex size-11 shrink-0 items-center justify-center rounded-card",
            isOver ? "bg-accent text-on-accent" : "bg-sunken text-ink-2",
          )}
        >
          <ImagePlus className="size-5" />
        </span>
        <span className="min-w-0">
          <span className="block font-semibold text-name">
            New post with {count === 1 ? "this image" : plural(count, "image")}
          </span>
          <span className="block text-ink-2 text-small">
            {isOver ? "Let go to begin" : "Drop it here. Anywhere else changes nothing."}
          </span>
        </span>
      </div>
      {first && (
        <div
          className="absolute top-0 left-0"
          style={{ transform: `translate(${x + 10}px, ${y + 10}px)` }}
        >
          {count > 1 && (
            <span className="absolute top-1.5 left-1.5 size-20 rotate-6 rounded-tile border border-line bg-surface" />
          )}
          <Thumbnail
            src={first.thumbnail_url}
            thumbhash={first.thumbhash}
            alt=""
            className="size-20 shadow-float"
          />
          {count > 1 && (
            <span className="-top-2 -right-2 absolute flex h-5.5 min-w-5.5 items-center justify-center rounded-full bg-accent px-1.5 font-semibold text-caption text-on-accent tabular-nums">
              {formatCount(count)}
            </span>
          )}
        </div>
      )}
    </div>
  );
}
