import { RotateCw, Sparkles } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { Button } from "@/components/ui/Button";
import { cn } from "@/components/ui/cn";
import { CureButton, Notice, Progress } from "@/components/ui/feedback";
import { ApiError } from "@/lib/api/client";
import type { Generated, Image } from "@/lib/api/types";
import { formatBytes, formatSize } from "@/lib/format";
import { factAndCure } from "./factAndCure";
import type { GenerateWish } from "./GenerateForm";

interface GenerateStageProps {
  state: {
    isPending: boolean;
    data: Generated | undefined;
    error: Error | null;
  };
  asked: { wish: GenerateWish; at: number } | null;
  onAgain: () => void;
  onEdit: () => void;
  onKeep: () => void;
  onUse: (image: Image) => void;
  useLabel: string;
}

/** Where the picture appears: an empty frame, the wait, the picture, or why there is none. */
export function GenerateStage({
  state: { isPending, data, error },
  asked,
  onAgain,
  onEdit,
  onKeep,
  onUse,
  useLabel,
}: GenerateStageProps) {
  const image = !isPending ? data?.image : undefined;
  return (
    <section
      aria-label="Result"
      className={cn(
        "flex min-h-0 min-w-0 flex-col items-center justify-center gap-4 bg-bg p-5 max-sm:order-first sm:overflow-y-auto sm:p-8",
        !isPending && !image && !error && "max-sm:hidden",
      )}
    >
      <p role="status" className="sr-only">
        {isPending ? "Painting your image" : image ? "Your image is painted" : ""}
      </p>
      {isPending && asked ? (
        <>
          <FrameOf size={asked.wish.size}>
            <Paint />
            <div className="absolute inset-x-3 bottom-3 flex items-center gap-3 rounded-control bg-surface px-3 py-2.5 shadow-float">
              <span className="font-semibold">Painting</span>
              <Progress label="Painting your image" value={null} tone="ai" className="flex-1" />
              <Elapsed since={asked.at} />
            </div>
          </FrameOf>
          <p className="max-w-80 text-balance text-center text-ink-3 text-small">
            You can close this window. The image will be in your library when it is done.
          </p>
        </>
      ) : image ? (
        <>
          <FrameOf size={`${image.width}x${image.height}`}>
            <img
              src={image.storage_url}
              alt={image.ai_prompt ?? image.original_filename}
              className="size-full object-cover"
            />
          </FrameOf>
          <p className="text-center text-ink-3 text-small tabular-nums">
            In your library · {formatSize(image.width, image.height)} ·{" "}
            {formatBytes(image.file_size)}
          </p>
          <div className="grid grid-cols-2 gap-2 max-sm:w-full sm:flex">
            <Button variant="primary" onClick={() => onUse(image)}>
              {useLabel}
            </Button>
            <Button onClick={onKeep}>Keep in library</Button>
            <Button variant="ai-soft" icon={RotateCw} onClick={onAgain} className="sm:hidden">
              Generate again
            </Button>
            <Button variant="ghost" onClick={onEdit} className="sm:hidden">
              Change the prompt
            </Button>
          </div>
        </>
      ) : error ? (
        <Failure error={error} onAgain={onAgain} />
      ) : (
        <div className="flex max-w-60 flex-col items-center text-balance text-center text-ink-3 text-small">
          <span className="mb-3 flex size-12 items-center justify-center rounded-card bg-ai-soft text-ai">
            <Sparkles aria-hidden className="size-5" strokeWidth={1.75} />
          </span>
          Your image appears here, and in your library.
        </div>
      )}
    </section>
  );
}

/** A frame of the picture's shape, as large as the stage allows. */
function FrameOf({ size, children }: { size: string; children: ReactNode }) {
  const [width = 1, height = 1] = size.split("x").map(Number);
  return (
    <div
      className={cn(
        "relative max-w-full overflow-hidden rounded-card bg-sunken",
        height > width ? "h-[min(26rem,56dvh)]" : "w-full sm:max-w-100",
      )}
      style={{ aspectRatio: `${width} / ${height}` }}
    >
      {children}
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
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <span className="text-ink-3 text-small tabular-nums">
      {Math.max(0, Math.round((now - since) / 1_000))} s
    </span>
  );
}

/** Another try with the same words would end the same way, or could make the picture twice. */
const FINAL = ["prompt_refused", "prompt_too_long", "no_image_provider", "outcome_unknown"];

function Failure({ error, onAgain }: { error: Error; onAgain: () => void }) {
  const isApi = error instanceof ApiError;
  const { fact, cure } = factAndCure(error.message);
  return (
    <Notice
      tone="bad"
      fact={fact}
      isAlert
      className="max-w-100"
      cure={
        isApi && FINAL.includes(error.code) ? undefined : (
          <CureButton onPress={onAgain}>Try again</CureButton>
        )
      }
    >
      {cure}
      {isApi && error.isNetwork && " If the image was made, it is in your library."}
    </Notice>
  );
}
