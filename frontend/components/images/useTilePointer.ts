import { type MouseEvent, type PointerEvent as ReactPointerEvent, useEffect, useRef } from "react";
import type { Image } from "@/lib/api/types";
import type { GridChoice, ImageGridProps } from "./ImageGrid";

/** Milliseconds that a finger rests on a tile before it chooses. */
const LONG_PRESS = 450;
/** Pixels that a pointer moves before a press is something else: scrolling, or a drag. */
const THRESHOLD = 6;

interface TilePointerOptions {
  places: ImageGridProps["places"];
  choice: GridChoice | undefined;
  onDrag: ((image: Image, event: PointerEvent) => void) | undefined;
}

interface Press {
  index: number;
  x: number;
  y: number;
  pointerType: string;
}

/**
 * What a mouse or a finger does on the tiles of a grid beyond pressing them: choosing with Ctrl, Cmd,
 * Shift or a long press, and taking an image along. Returns handlers for the grid.
 */
export function useTilePointer({ places, choice, onDrag }: TilePointerOptions) {
  const press = useRef<Press | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  /** The press was answered already: the click that ends it means nothing more. */
  const isAnswered = useRef(false);
  useEffect(() => () => clearTimeout(timer.current), []);

  const indexOf = (target: EventTarget): number | null => {
    const tile = (target as Element).closest("[data-tile], [role=checkbox]");
    const cell = tile?.closest<HTMLElement>("[data-index]");
    return cell ? Number(cell.dataset.index) : null;
  };
  const end = () => {
    clearTimeout(timer.current);
    press.current = null;
  };

  return {
    onPointerDown(event: ReactPointerEvent) {
      isAnswered.current = false;
      end();
      const index = indexOf(event.target);
      if (index === null || event.button !== 0 || !event.isPrimary) return;
      const { clientX: x, clientY: y, pointerType } = event;
      press.current = { index, x, y, pointerType };
      if (pointerType === "touch" && choice) {
        timer.current = setTimeout(() => {
          const image = places.at(index);
          if (!image) return;
          isAnswered.current = true;
          press.current = null;
          navigator.vibrate?.(12);
          choice.toggle(image);
        }, LONG_PRESS);
      }
    },
    onPointerMove(event: ReactPointerEvent) {
      const { current } = press;
      if (!current) return;
      if (Math.hypot(event.clientX - current.x, event.clientY - current.y) < THRESHOLD) return;
      end();
      const image = places.at(current.index);
      if (current.pointerType !== "mouse" || !image || !onDrag) return;
      isAnswered.current = true;
      onDrag(image, event.nativeEvent);
    },
    onPointerUp: end,
    onPointerCancel: end,
    onContextMenu(event: MouseEvent) {
      // A finger that rests would open the picture's own menu as well.
      if (isAnswered.current || press.current?.pointerType === "touch") event.preventDefault();
    },
    onClickCapture(event: MouseEvent) {
      const index = indexOf(event.target);
      if (index === null) return;
      const stop = () => {
        event.preventDefault();
        event.stopPropagation();
      };
      if (isAnswered.current) {
        isAnswered.current = false;
        stop();
        return;
      }
      const image = places.at(index);
      if (!choice || !image) return;
      if (event.shiftKey) {
        stop();
        choice.reachTo(index);
      } else if (event.ctrlKey || event.metaKey || (choice.isActive && isByFinger(event))) {
        stop();
        choice.toggle(image);
      }
    },
  };
}

/** A click that a key makes has no pointer, and chooses nothing. */
function isByFinger({ nativeEvent }: MouseEvent): boolean {
  const { pointerType } = nativeEvent as Partial<PointerEvent>;
  return pointerType === "touch";
}
