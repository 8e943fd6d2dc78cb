import type { ReactNode } from "react";
import { Button } from "@/components/ui/Button";
import { cn } from "@/components/ui/cn";
import { Progress } from "@/components/ui/feedback";
import { useNow } from "./useSeconds";

interface FrameOfProps {
  /** "1024x1792" */
  size: string;
  className?: string;
  children: ReactNode;
}

/** A frame of the picture's shape, as large as the stage allows. */
export function FrameOf({ size, className, children }: FrameOfProps) {
  const [width = 1, height = 1] = size.split("x").map(Number);
  return (
    <div
      className={cn(
        "relative max-w-full shrink-0 overflow-hidden rounded-card bg-sunken [--most:56dvh] sm:[--most:min(32rem,54dvh)]",
        className,
      )}
      style={{
        width: `min(100%, calc(var(--most) * ${width / height}))`,
        aspectRatio: `${width} / ${height}`,
      }}
    >
      {children}
    </div>
  );
}

interface PaintingProps {
  size: string;
  /** When it was asked for; null while that is only being done. */
  since: string | null;
  /** How it looks on its way. */
  preview?: string | undefined;
  words: string;
  onCancel?: (() => void) | undefined;
}

/** A picture that is on its way. */
export function Painting({ size, since, preview, words, onCancel }: PaintingProps) {
  return (
    <div className="relative flex w-full flex-col items-center gap-3">
      <FrameOf size={size}>
        <Paint />
        {preview && (
          <img
            key={preview.length}
            src={preview}
            alt=""
            className="absolute inset-0 size-full scale-105 object-cover blur-md transition-opacity duration-200 motion-reduce:transition-none starting:opacity-0"
          />
        )}
      </FrameOf>
      <div className="-mt-16 relative z-1 flex w-[calc(100%-1.5rem)] max-w-100 items-center gap-3 rounded-control bg-surface px-3 py-2 shadow-float">
        <span className="font-semibold">{words}</span>
        <Progress label="Painting your image" value={null} tone="ai" className="flex-1" />
        {since && <Elapsed since={Date.parse(since)} />}
        {onCancel && (
          <Button size="sm" onClick={onCancel}>
            Cancel
          </Button>
        )}
      </div>
    </div>
  );
}

/** Colour that has not made up its mind yet. */
function Paint() {
  return (
    <div aria-hidden className="absolute inset-0 bg-ai-soft">
      <div className="breathe absolute inset-0 bg-[radial-gradient(60%_55%_at_30%_30%,color-mix(in_srgb,var(--ai)_45%,transparent),transparent),radial-gradient(55%_60%_at_75%_60%,color-mix(in_srgb,var(--accent)_32%,transparent),transparent)]" />
      <div className="breathe absolute inset-0 bg-[radial-gradient(50%_45%_at_60%_20%,color-mix(in_srgb,var(--instagram-1)_30%,transparent),transparent),radial-gradient(50%_50%_at_25%_80%,color-mix(in_srgb,var(--instagram-2)_22%,transparent),transparent)] [animation-delay:-0.8s]" />
    </div>
  );
}

function Elapsed({ since }: { since: number }) {
  const seconds = Math.max(0, Math.round((useNow() - since) / 1_000));
  return (
    <span className="text-ink-3 text-small tabular-nums">
      {seconds < 100 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`}
    </span>
  );
}
