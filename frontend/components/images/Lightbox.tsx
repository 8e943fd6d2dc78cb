import { Dialog as Base } from "@base-ui/react/dialog";
import {
  ChevronLeft,
  ChevronRight,
  type LucideIcon,
  Maximize2,
  WandSparkles,
  X,
  ZoomIn,
} from "lucide-react";
import { type KeyboardEvent, useRef } from "react";
import { cn } from "@/components/ui/cn";
import { useFreshAddresses } from "@/lib/api/freshAddresses";
import type { Image } from "@/lib/api/types";
import { formatCount } from "@/lib/format";
import { useZoom } from "./useZoom";
import { isFitted } from "./zoom";

interface LightboxProps {
  isOpen: boolean;
  image: Image;
  /** "3 of 40"; left out where the place is not known. */
  place: { index: number; count: number } | undefined;
  onStep: (step: 1 | -1) => void;
  onClose: () => void;
  /** Has it changed by AI, where that can be done. */
  onEdit?: (() => void) | undefined;
}

/** A picture on its own, as large as the window: fit or at 100 %, and the next one with an arrow key. */
export function Lightbox({ isOpen, image, place, onStep, onClose, onEdit }: LightboxProps) {
  return (
    <Base.Root
      open={isOpen}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
    >
      <Base.Portal>
        <Stage image={image} place={place} onStep={onStep} onEdit={onEdit} />
      </Base.Portal>
    </Base.Root>
  );
}

function Stage({
  image,
  place,
  onStep,
  onEdit,
}: Pick<LightboxProps, "image" | "place" | "onStep" | "onEdit">) {
  const frame = useRef<HTMLDivElement>(null);
  const { zoom, size, isMoving, zoomBy, toActual, toFit, pointer } = useZoom(frame, image);
  const isWhole = isFitted(zoom, image, size);
  const percent = Math.round(zoom.scale * 100);
  const nearer = zoom.scale < 0.999 ? 100 : 200;
  const hasBefore = place !== undefined && place.index > 0;
  const hasAfter = place !== undefined && place.index < place.count - 1;

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key] as -1 | 1 | undefined;
    if (step) {
      if (step < 0 ? hasBefore : hasAfter) onStep(step);
    } else if (event.key === "+" || event.key === "=") zoomBy(1.5);
    else if (event.key === "-") zoomBy(1 / 1.5);
    else if (event.key === "0") toFit();
    else if (event.key === "1") toActual();
    else return;
    event.preventDefault();
  };

  return (
    <Base.Popup
      onKeyDown={onKeyDown}
      className="appear fixed inset-0 z-50 flex flex-col bg-darkroom text-on-picture outline-none"
    >
      <header className="flex min-h-14 items-center gap-1 px-2 sm:px-4">
        <Base.Title className="min-w-0 flex-1 truncate px-2 font-semibold text-name">
          {image.original_filename}
          {place && (
            <span className="ml-3 font-normal text-on-picture/70 text-small tabular-nums max-sm:hidden">
              {formatCount(place.index + 1)} of {formatCount(place.count)}
            </span>
          )}
        </Base.Title>
        {onEdit && (
          <button
            type="button"
            onClick={onEdit}
            className="inline-flex h-control items-center gap-2 rounded-control px-3 font-medium hover:bg-on-picture/12"
          >
            <WandSparkles aria-hidden className="size-4" />
            <span className="max-sm:sr-only">Edit with AI</span>
          </button>
        )}
        <p role="status" className="px-3 text-on-picture/70 text-small tabular-nums">
          <span className="sr-only">Shown at </span>
          {percent} %
        </p>
        <button
          type="button"
          aria-label={isWhole ? `Show at ${nearer} %` : "Fit into the window"}
          onClick={() => (isWhole ? toActual() : toFit())}
          className="inline-flex h-control min-w-22 items-center justify-center gap-2 rounded-control px-3 font-medium tabular-nums hover:bg-on-picture/12"
        >
          {isWhole ? (
            <ZoomIn aria-hidden className="size-4" />
          ) : (
            <Maximize2 aria-hidden className="size-4" />
          )}
          {isWhole ? `${nearer} %` : "Fit"}
        </button>
        <Base.Close
          aria-label="Close"
          className="flex size-10 items-center justify-center rounded-control hover:bg-on-picture/12"
        >
          <X aria-hidden className="size-5" />
        </Base.Close>
      </header>
      <div
        ref={frame}
        {...pointer}
        className={cn(
          "relative min-h-0 flex-1 touch-none select-none overflow-hidden",
          isWhole ? "cursor-zoom-in" : isMoving ? "cursor-grabbing" : "cursor-grab",
        )}
      >
        <Layers key={image.id} image={image} zoom={zoom} isMoving={isMoving} />
        {hasBefore && <Step side="left" icon={ChevronLeft} onPress={() => onStep(-1)} />}
        {hasAfter && <Step side="right" icon={ChevronRight} onPress={() => onStep(1)} />}
      </div>
    </Base.Popup>
  );
}

/** The longer side of the preview, in pixels. */
const PREVIEW_SIDE = 1440;

/** The thumbnail, over it the preview, and over that the picture itself as soon as it is worth it. */
function Layers({
  image,
  zoom: { scale, x, y },
  isMoving,
}: {
  image: Image;
  zoom: { scale: number; x: number; y: number };
  isMoving: boolean;
}) {
  const { width, height } = image;
  const wasNear = useRef(false);
  const needed = scale * Math.max(width, height) * window.devicePixelRatio;
  // Once fetched it stays, also when the picture is far away again.
  wasNear.current ||= image.animated || needed > PREVIEW_SIDE * 1.05;
  return (
    <div
      className={cn(
        "absolute top-1/2 left-1/2",
        !isMoving && "transition-transform duration-150 ease-out motion-reduce:transition-none",
      )}
      style={{
        width,
        height,
        transform: `translate(-50%, -50%) translate(${x}px, ${y}px) scale(${scale})`,
      }}
    >
      <Layer src={image.thumbnail_url} alt={image.alt_text || image.original_filename} isFirst />
      {!image.animated && <Layer src={image.preview_url} alt="" />}
      {wasNear.current && <Layer src={image.storage_url} alt="" />}
    </div>
  );
}

/** Is seen when it is all there; what lies under it is seen until then. */
function Layer({ src, alt, isFirst = false }: { src: string; alt: string; isFirst?: boolean }) {
  const reportLost = useFreshAddresses();
  return (
    <img
      src={src}
      alt={alt}
      decoding="async"
      draggable={false}
      onLoad={({ currentTarget }) => {
        currentTarget.style.opacity = "1";
      }}
      onError={({ currentTarget }) => {
        currentTarget.style.opacity = "0";
        reportLost(src);
      }}
      className={cn("absolute inset-0 size-full object-cover", !isFirst && "opacity-0")}
    />
  );
}

function Step({
  side,
  icon: Icon,
  onPress,
}: {
  side: "left" | "right";
  icon: LucideIcon;
  onPress: () => void;
}) {
  return (
    <button
      type="button"
      aria-label={side === "left" ? "Previous image" : "Next image"}
      onClick={onPress}
      onPointerDown={(event) => event.stopPropagation()}
      className={cn(
        "-translate-y-1/2 absolute top-1/2 flex size-11 items-center justify-center rounded-full bg-picture-scrim hover:bg-picture-scrim-strong",
        side === "left" ? "left-3" : "right-3",
      )}
    >
      <Icon aria-hidden className="size-5" />
    </button>
  );
}
