import { useEffect, useRef, useState } from "react";
import { useFreshAddresses } from "@/lib/api/freshAddresses";
import { decodeThumbhash } from "@/lib/thumbhash";
import { cn } from "./cn";

interface ThumbnailProps {
  src: string;
  /** Shown until the picture is there. */
  thumbhash: string | null;
  /** Empty where a text beside it says the same. */
  alt: string;
  className?: string;
  /** It stands where it is seen at once: fetched without waiting for the page to be laid out. */
  isEager?: boolean;
}

/** Milliseconds after which the picture has faded in and its placeholder out. */
const FADES = 320;

/**
 * A square, centred crop of a picture over its blurred placeholder; fades in within 150 ms. Where the
 * picture cannot be loaded the placeholder stays, until there is another address to try.
 */
export function Thumbnail({ src, thumbhash, alt, className, isEager }: ThumbnailProps) {
  const [state, setState] = useState<"loading" | "shown" | "failed">("loading");
  const [isSettled, setSettled] = useState(false);
  const [lastSrc, setLastSrc] = useState(src);
  const reportLost = useFreshAddresses();
  // A new address of the same picture: what is shown already stays while it loads.
  if (src !== lastSrc) {
    setLastSrc(src);
    if (state === "failed") setState("loading");
  }
  useEffect(() => {
    if (state !== "shown") return;
    const timer = setTimeout(() => setSettled(true), FADES);
    return () => clearTimeout(timer);
  }, [state]);
  return (
    <span
      className={cn(
        "relative block aspect-square overflow-hidden rounded-tile bg-sunken",
        className,
      )}
    >
      {thumbhash && !(isSettled && state === "shown") && (
        <Placeholder thumbhash={thumbhash} isCovered={state === "shown"} />
      )}
      {state !== "failed" && (
        <img
          src={src}
          alt={alt}
          loading={isEager ? "eager" : "lazy"}
          decoding="async"
          draggable={false}
          ref={(img) => {
            // A picture from the browser's cache is complete before anybody listens.
            if (img?.complete && img.naturalWidth > 0) setState("shown");
          }}
          onLoad={() => setState("shown")}
          onError={() => {
            setState("failed");
            reportLost(src);
          }}
          className={cn(
            "absolute inset-0 size-full object-cover transition-opacity duration-150 ease-out motion-reduce:transition-none",
            state === "shown" ? "opacity-100" : "opacity-0",
          )}
        />
      )}
      {state === "failed" && (
        <span className="sr-only">{alt || "This picture could not be loaded"}</span>
      )}
    </span>
  );
}

/** Milliseconds of a frame that drawing placeholders may take. */
const SHARE = 4;
const waiting = new Set<() => void>();
let frame = 0;

/** Runs soon, but never so many at once that the page stops moving. Returns how to call it off. */
function inTurn(draw: () => void): () => void {
  waiting.add(draw);
  if (frame === 0) frame = requestAnimationFrame(drawSome);
  return () => void waiting.delete(draw);
}

function drawSome(): void {
  const end = performance.now() + SHARE;
  for (const draw of waiting) {
    waiting.delete(draw);
    draw();
    if (performance.now() > end) break;
  }
  frame = waiting.size ? requestAnimationFrame(drawSome) : 0;
}

/** Fades once it is covered, so that it does not shine through a transparent picture. */
function Placeholder({ thumbhash, isCovered }: { thumbhash: string; isCovered: boolean }) {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(
    () =>
      inTurn(() => {
        const canvas = ref.current;
        const context = canvas?.getContext("2d");
        if (!canvas || !context) return;
        try {
          const { width, height, pixels } = decodeThumbhash(thumbhash);
          canvas.width = width;
          canvas.height = height;
          context.putImageData(new ImageData(pixels, width, height), 0, 0);
        } catch {
          // Not a thumbhash: the quiet background stays.
        }
      }),
    [thumbhash],
  );
  return (
    <canvas
      ref={ref}
      aria-hidden
      className={cn(
        "absolute inset-0 size-full object-cover transition-opacity delay-150 duration-150 motion-reduce:transition-none",
        isCovered && "opacity-0",
      )}
    />
  );
}
