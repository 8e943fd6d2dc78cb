import { ChevronLeft, ChevronRight } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { cn } from "@/components/ui/cn";
import { useMayWrite } from "@/lib/business";
import { decodeThumbhash } from "@/lib/thumbhash";
import type { Slide } from "./slides";

interface SentPictureProps {
  slides: readonly Slide[];
  index: number;
  onIndex: (index: number) => void;
  /** Stands in its place while there is no image. */
  empty?: ReactNode;
}

/** The very files that will be sent, one at a time, each in its own shape. */
export function SentPicture({ slides, index, onIndex, empty }: SentPictureProps) {
  const swipe = useRef<number | null>(null);
  const slide = slides[index];
  if (!slide) return empty;
  const count = slides.length;
  const turn = (by: number) => {
    const next = index + by;
    if (next >= 0 && next < count) onIndex(next);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a swipe; the buttons do the same
    <div
      className="group relative touch-pan-y"
      onPointerDown={(event) => {
        swipe.current = event.clientX;
      }}
      onPointerUp={(event) => {
        const way = event.clientX - (swipe.current ?? event.clientX);
        swipe.current = null;
        if (Math.abs(way) > SWIPE) turn(way < 0 ? 1 : -1);
      }}
      onKeyDown={(event) => {
        if (event.key === "ArrowLeft") turn(-1);
        else if (event.key === "ArrowRight") turn(1);
      }}
    >
      <SentFile key={slide.image.imageId} slide={slide} />
      {index > 0 && <Turn label="Previous image" side="left" onPress={() => onIndex(index - 1)} />}
      {index < slides.length - 1 && (
        <Turn label="Next image" side="right" onPress={() => onIndex(index + 1)} />
      )}
      {slides.length > 1 && (
        <span className="absolute top-3 right-3 rounded-full bg-picture-scrim px-2 py-0.5 font-semibold text-caption text-on-picture tabular-nums">
          {index + 1}/{slides.length}
        </span>
      )}
    </div>
  );
}

/** Pixels after which a drag to the side is a swipe. */
const SWIPE = 40;

/** The file of one slide, in its own shape or filling the box that it is given. */
export function SentFile({
  slide: { image, rendition },
  isFilling = false,
}: {
  slide: Slide;
  isFilling?: boolean;
}) {
  // The file that is shown stays until the next one has arrived.
  const [shown, setShown] = useState<string | null>(null);
  const [isBroken, setBroken] = useState(false);
  // No file is made for somebody who cannot send it: they see the picture itself.
  const mayWrite = useMayWrite();
  const url = rendition?.url ?? (mayWrite ? null : image.thumbnailUrl);
  const width = rendition?.width ?? image.width;
  const height = rendition?.height ?? image.height;
  return (
    <div
      className={cn(
        "relative w-full overflow-hidden bg-sunken",
        isFilling ? "h-full" : "max-h-130",
      )}
      style={isFilling ? undefined : { aspectRatio: `${width} / ${height}` }}
    >
      <Blur thumbhash={image.thumbhash} isWaiting={shown === null && !isBroken} />
      {url && !isBroken && (
        <img
          key={url}
          src={url}
          alt={image.altText || image.name}
          decoding="async"
          draggable={false}
          ref={(img) => {
            if (img?.complete && img.naturalWidth > 0) setShown(url);
          }}
          onLoad={() => setShown(url)}
          onError={() => setBroken(true)}
          className={cn(
            isFilling ? "object-cover" : "object-contain",
            "absolute inset-0 size-full transition-opacity duration-150 ease-out motion-reduce:transition-none",
            shown === url ? "opacity-100" : "opacity-0",
          )}
        />
      )}
    </div>
  );
}

function Blur({ thumbhash, isWaiting }: { thumbhash: string; isWaiting: boolean }) {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = ref.current?.getContext("2d");
    if (!ref.current || !context) return;
    try {
      const { width, height, pixels } = decodeThumbhash(thumbhash);
      ref.current.width = width;
      ref.current.height = height;
      context.putImageData(new ImageData(pixels, width, height), 0, 0);
    } catch {
      // Not a thumbhash: the quiet background stays.
    }
  }, [thumbhash]);
  return (
    <canvas
      ref={ref}
      aria-hidden
      className={cn("absolute inset-0 size-full object-cover", isWaiting && "breathe")}
    />
  );
}

interface TurnProps {
  label: string;
  side: "left" | "right";
  onPress: () => void;
}

function Turn({ label, side, onPress }: TurnProps) {
  const Icon = side === "left" ? ChevronLeft : ChevronRight;
  return (
    <button
      type="button"
      aria-label={label}
      onClick={onPress}
      className={cn(
        "-translate-y-1/2 absolute top-1/2 flex size-7 items-center justify-center rounded-full bg-picture-scrim text-on-picture",
        side === "left" ? "left-2" : "right-2",
      )}
    >
      <Icon aria-hidden className="size-4" />
    </button>
  );
}
