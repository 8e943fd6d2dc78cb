import { ImageIcon } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { cn } from "@/components/ui/cn";
import { drawCovering, openPreview } from "@/lib/upload/preview";

interface FilePreviewProps {
  file: File;
  /** Pixels of the square, as CSS counts them. */
  size: number;
  /** Shown where this browser cannot open the file itself. */
  instead?: string | undefined;
  className?: string | undefined;
}

/**
 * A square crop of the picture in a file, or a quiet icon where the browser cannot show it. It is opened
 * when it comes into view.
 */
export function FilePreview({ file, size, instead, className }: FilePreviewProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [isDrawn, setDrawn] = useState(false);
  const [isBroken, setBroken] = useState(false);
  const source = isDrawn || isBroken ? undefined : instead;
  useEffect(() => {
    const target = canvas.current;
    if (!target || typeof IntersectionObserver === "undefined") return;
    const leaving = new AbortController();
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      // Wide enough that the middle of it fills the square, unless it is a panorama.
      void openPreview(file, 2 * target.width, leaving.signal).then((bitmap) => {
        if (!bitmap) return;
        drawCovering(target, bitmap);
        bitmap.close();
        setDrawn(true);
      });
    });
    observer.observe(target);
    return () => {
      observer.disconnect();
      leaving.abort();
      setDrawn(false);
    };
  }, [file]);
  const pixels = Math.round(size * Math.min(globalThis.devicePixelRatio || 1, 2));
  return (
    <span
      className={cn(
        "relative flex items-center justify-center overflow-hidden bg-sunken text-ink-3",
        className,
      )}
      style={{ width: size, height: size }}
    >
      {!isDrawn && !source && (
        <ImageIcon aria-hidden className="size-4 opacity-70" strokeWidth={1.75} />
      )}
      <canvas
        ref={canvas}
        aria-hidden
        width={pixels}
        height={pixels}
        className={cn(
          "absolute inset-0 size-full transition-opacity duration-150 motion-reduce:transition-none",
          !isDrawn && "opacity-0",
        )}
      />
      {source && (
        <img
          src={source}
          alt=""
          loading="lazy"
          decoding="async"
          onError={() => setBroken(true)}
          className="absolute inset-0 size-full object-cover"
        />
      )}
    </span>
  );
}
