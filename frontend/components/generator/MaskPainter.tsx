import { Eraser, SquareDashed, Undo2 } from "lucide-react";
import { type KeyboardEvent, type PointerEvent, useLayoutEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/Button";
import { IconButton } from "@/components/ui/IconButton";
import { Segmented } from "@/components/ui/Segmented";
import type { Image } from "@/lib/api/types";
import { type Box, boxWords, drawMarks, FIRST_BOX, type Mark, nudge, type Stroke } from "./mask";
import { FrameOf } from "./Painting";

interface MaskPainterProps {
  image: Image;
  marks: readonly Mark[];
  onChange: (marks: readonly Mark[]) => void;
  /** Only what is painted shall change. */
  isPart: boolean;
  onPart: (isPart: boolean) => void;
  /** The model can change a part. */
  mayPaint: boolean;
}

const BRUSHES = { small: 0.03, medium: 0.07, large: 0.14 } as const;

/** The picture that is to be changed, and the part of it that may change. */
export function MaskPainter({
  image,
  marks,
  onChange,
  isPart,
  onPart,
  mayPaint,
}: MaskPainterProps) {
  const [brush, setBrush] = useState<keyof typeof BRUSHES>("medium");
  const [stroke, setStroke] = useState<Stroke | null>(null);
  const isPainting = mayPaint && isPart;
  const point = ({ currentTarget, clientX, clientY }: PointerEvent): readonly [number, number] => {
    const area = currentTarget.getBoundingClientRect();
    return [(clientX - area.left) / area.width, (clientY - area.top) / area.height];
  };
  const end = () => {
    if (stroke) onChange([...marks, stroke]);
    setStroke(null);
  };
  return (
    <>
      <FrameOf size={`${image.width}x${image.height}`}>
        <img
          src={image.preview_url}
          alt={image.alt_text || image.original_filename}
          draggable={false}
          className="size-full select-none object-cover"
        />
        {isPainting && (
          <>
            <Veil marks={stroke ? [...marks, stroke] : marks} />
            <div
              className="absolute inset-0 cursor-crosshair touch-none"
              onPointerDown={(event) => {
                if (event.button !== 0) return;
                event.currentTarget.setPointerCapture(event.pointerId);
                setStroke({ kind: "stroke", brush: BRUSHES[brush], points: [point(event)] });
              }}
              onPointerMove={(event) => {
                const at = point(event);
                setStroke((now) => now && { ...now, points: [...now.points, at] });
              }}
              onPointerUp={end}
              onPointerCancel={() => setStroke(null)}
            />
            {marks.map((mark, index) =>
              mark.kind === "box" ? (
                <BoxHandle
                  // biome-ignore lint/suspicious/noArrayIndexKey: a mark is its place in the order
                  key={index}
                  box={mark}
                  onChange={(box) => onChange(marks.map((it, at) => (at === index ? box : it)))}
                  onRemove={() => onChange(marks.filter((_, at) => at !== index))}
                />
              ) : null,
            )}
          </>
        )}
      </FrameOf>
      {mayPaint ? (
        <div className="flex flex-wrap items-center justify-center gap-2">
          <Segmented
            label="What may change"
            value={isPart ? "part" : "whole"}
            onChange={(value) => onPart(value === "part")}
            options={[
              { value: "whole", label: "The whole picture" },
              { value: "part", label: "A part of it" },
            ]}
          />
          {isPart && (
            <>
              <Segmented
                label="Brush"
                value={brush}
                onChange={setBrush}
                options={(["small", "medium", "large"] as const).map((value) => ({
                  value,
                  label: <BrushDot size={value} />,
                }))}
              />
              <Button icon={SquareDashed} onClick={() => onChange([...marks, FIRST_BOX])}>
                Rectangle
              </Button>
              <IconButton
                label="Undo"
                icon={Undo2}
                variant="secondary"
                disabled={marks.length === 0}
                onClick={() => onChange(marks.slice(0, -1))}
              />
              <IconButton
                label="Clear"
                icon={Eraser}
                variant="secondary"
                disabled={marks.length === 0}
                onClick={() => onChange([])}
              />
            </>
          )}
        </div>
      ) : null}
      <p className="max-w-110 text-balance text-center text-ink-3 text-small">
        {!mayPaint
          ? "This model changes the whole picture. What comes of it is a new image; this one stays."
          : isPart
            ? marks.length
              ? "What is violet is painted anew. What comes of it is a new image; this one stays."
              : "Paint over what shall change, or place a rectangle and move it with the arrow keys."
            : "What comes of it is a new image; this one stays as it is."}
      </p>
    </>
  );
}

function BrushDot({ size }: { size: keyof typeof BRUSHES }) {
  const side = { small: 6, medium: 11, large: 17 }[size];
  return (
    <>
      <span className="sr-only">{size} brush</span>
      <span
        aria-hidden
        className="block rounded-full bg-current"
        style={{ width: side, height: side }}
      />
    </>
  );
}

/** The marks over the picture, in the colour of AI. */
function Veil({ marks }: { marks: readonly Mark[] }) {
  const ref = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const canvas = ref.current;
    const context = canvas?.getContext("2d");
    if (!canvas || !context) return;
    canvas.width = canvas.clientWidth * window.devicePixelRatio;
    canvas.height = canvas.clientHeight * window.devicePixelRatio;
    const { color } = getComputedStyle(canvas);
    context.strokeStyle = color;
    context.fillStyle = color;
    drawMarks(context, marks, canvas.width, canvas.height);
  }, [marks]);
  return (
    <canvas
      ref={ref}
      aria-hidden
      className="pointer-events-none absolute inset-0 size-full text-ai opacity-60"
    />
  );
}

const STEPS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** A rectangle that the keyboard moves and sizes. */
function BoxHandle({
  box,
  onChange,
  onRemove,
}: {
  box: Box;
  onChange: (box: Box) => void;
  onRemove: () => void;
}) {
  const ref = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => ref.current?.focus(), []);
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step) onChange(nudge(box, step[0] * 0.02, step[1] * 0.02, event.shiftKey));
    else if (event.key === "Delete" || event.key === "Backspace") onRemove();
    else return;
    event.preventDefault();
  };
  return (
    <>
      <button
        ref={ref}
        type="button"
        onKeyDown={onKeyDown}
        aria-label="Rectangle. Arrow keys move it, with Shift they resize it, Delete removes it."
        className="pointer-events-none absolute border-2 border-on-picture border-dashed"
        style={{
          left: `${box.x * 100}%`,
          top: `${box.y * 100}%`,
          width: `${box.width * 100}%`,
          height: `${box.height * 100}%`,
        }}
      />
      <span role="status" className="sr-only">
        {boxWords(box)}
      </span>
    </>
  );
}
