import { type CSSProperties, type PointerEvent, useRef } from "react";
import { PLATFORM_NAMES } from "@/components/channels/ChannelMark";
import type { DraftImage } from "./draft";
import { clampPoint, cropBox, type Frame, nudged } from "./framing";

interface FocusStageProps {
  image: DraftImage;
  src: string;
  /** The shape that is needed; undefined where the picture keeps its own. */
  frame: Frame | undefined;
  onFocus: (focus: { x: number; y: number }) => void;
}

/** As large as the dialog lets it, in this shape. */
export function stageStyle(ratio: number): CSSProperties {
  return { aspectRatio: ratio, width: `min(100%, calc(46dvh * ${ratio}))` };
}

/** The picture with the platform's frame over it, or laid whole into that frame. */
export function FocusStage({ image, src, frame, onFocus }: FocusStageProps) {
  const stage = useRef<HTMLDivElement>(null);
  const drag = useRef<{ x: number; y: number; focus: { x: number; y: number } } | null>(null);
  const alt = image.altText || image.name;

  if (image.framing === "fit" && frame) {
    return (
      <div
        className="relative mx-auto overflow-hidden rounded-control border border-line"
        style={{ ...stageStyle(frame.ratio), backgroundColor: image.background }}
      >
        <img src={src} alt={alt} className="absolute inset-0 size-full object-contain" />
      </div>
    );
  }
  const box = frame && cropBox(image, frame.ratio, image.focus);
  // What is moved is the frame: where it has come to rest at an edge, it leaves it at once.
  const begin = (event: PointerEvent) => {
    if (event.button !== 0 || !box) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    drag.current = { x: event.clientX, y: event.clientY, focus: middle };
  };
  const move = (event: PointerEvent) => {
    const area = stage.current?.getBoundingClientRect();
    const { current } = drag;
    if (!area || !current) return;
    onFocus(
      clampPoint({
        x: current.focus.x + (event.clientX - current.x) / area.width,
        y: current.focus.y + (event.clientY - current.y) / area.height,
      }),
    );
  };
  const end = () => {
    drag.current = null;
  };
  return (
    <div
      ref={stage}
      className="relative mx-auto overflow-hidden rounded-control bg-sunken"
      style={stageStyle(image.width / image.height)}
    >
      <img
        src={src}
        alt={alt}
        draggable={false}
        className="absolute inset-0 size-full select-none object-cover"
      />
      {box && (
        <button
          type="button"
          aria-label={`Frame of ${PLATFORM_NAMES[frame.platform]}. Arrow keys move it, with Shift in larger steps.`}
          aria-description={placeWords(image.focus)}
          onPointerDown={begin}
          onPointerMove={move}
          onPointerUp={end}
          onPointerCancel={end}
          onKeyDown={(event) => {
            const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
            const focus = nudged(middle, event);
            if (!focus) return;
            event.preventDefault();
            onFocus(focus);
          }}
          className="absolute cursor-move touch-none border-2 border-on-picture shadow-[0_0_0_100vmax_var(--picture-scrim)] focus-visible:outline-offset-[-6px]"
          style={{
            left: `${box.x * 100}%`,
            top: `${box.y * 100}%`,
            width: `${box.width * 100}%`,
            height: `${box.height * 100}%`,
          }}
        >
          <span
            aria-hidden
            className="-translate-1/2 absolute top-1/2 left-1/2 size-5 rounded-full border-2 border-on-picture bg-picture-scrim"
          />
        </button>
      )}
      <span role="status" className="sr-only">
        {box && placeWords(image.focus)}
      </span>
    </div>
  );
}

function placeWords({ x, y }: { x: number; y: number }): string {
  return `Middle at ${Math.round(x * 100)} % from the left, ${Math.round(y * 100)} % from the top`;
}
