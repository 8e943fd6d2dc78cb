import {
  type KeyboardEvent,
  type PointerEvent,
  type RefObject,
  useLayoutEffect,
  useRef,
  useState,
} from "react";

/** Pixels that the pointer moves before a press becomes a drag. */
const THRESHOLD = 5;

interface Drag {
  id: number;
  pointerId: number;
  startX: number;
  startY: number;
  /** Where the tile lay, in the strip. */
  left: number;
  top: number;
  from: number;
  isMoving: boolean;
}

interface StripDragOptions {
  /** The element whose children carry `data-strip-id`. */
  strip: RefObject<HTMLElement | null>;
  ids: readonly number[];
  onMove: (id: number, to: number) => void;
}

/**
 * Reordering of tiles with the pointer: the tile follows it, the others make room at once. Escape
 * puts it back. `transformOf` moves the tile that is held.
 */
export function useStripDrag({ strip, ids, onMove }: StripDragOptions) {
  const drag = useRef<Drag | null>(null);
  const hasDragged = useRef(false);
  const [held, setHeld] = useState<{ id: number; x: number; y: number } | null>(null);
  useSlide(strip, ids, held?.id ?? null);

  const tiles = () =>
    Array.from(strip.current?.querySelectorAll<HTMLElement>("[data-strip-id]") ?? []);
  const tileOf = (id: number) => tiles().find((tile) => Number(tile.dataset.stripId) === id);

  const end = () => {
    const { current } = drag;
    drag.current = null;
    if (!current?.isMoving) return;
    hasDragged.current = true;
    // The click that follows a drag is not a press. One that never comes must not eat the next.
    setTimeout(() => {
      hasDragged.current = false;
    });
    const tile = tileOf(current.id);
    const from = tile?.style.transform;
    setHeld(null);
    if (tile && from) glide(tile, from);
  };

  const handlersFor = (id: number) => ({
    onPointerDown(event: PointerEvent<HTMLElement>) {
      hasDragged.current = false;
      const tile = tileOf(id);
      if (event.button !== 0 || ids.length < 2 || !tile) return;
      drag.current = {
        id,
        pointerId: event.pointerId,
        startX: event.clientX,
        startY: event.clientY,
        left: tile.offsetLeft,
        top: tile.offsetTop,
        from: ids.indexOf(id),
        isMoving: false,
      };
    },
    onPointerMove(event: PointerEvent<HTMLElement>) {
      const { current } = drag;
      if (!current || current.pointerId !== event.pointerId) return;
      const x = event.clientX - current.startX;
      const y = event.clientY - current.startY;
      if (!current.isMoving) {
        if (Math.hypot(x, y) < THRESHOLD) return;
        current.isMoving = true;
        event.currentTarget.setPointerCapture(event.pointerId);
      }
      const tile = tileOf(current.id);
      if (!tile) return;
      const left = current.left + x;
      const top = current.top + y;
      const to = nearest(tiles(), left, top);
      if (to !== ids.indexOf(current.id)) onMove(current.id, to);
      setHeld({ id: current.id, x: left, y: top });
    },
    onPointerUp: end,
    onPointerCancel: end,
    onKeyDown(event: KeyboardEvent<HTMLElement>) {
      if (event.key === "Escape" && drag.current?.isMoving) {
        event.preventDefault();
        event.stopPropagation();
        onMove(drag.current.id, drag.current.from);
        end();
      }
    },
    onClickCapture(event: { preventDefault: () => void; stopPropagation: () => void }) {
      if (!hasDragged.current) return;
      hasDragged.current = false;
      event.preventDefault();
      event.stopPropagation();
    },
  });

  // The place in the strip changes under a held tile, so the way to the pointer is measured anew.
  useLayoutEffect(() => {
    if (!held) return;
    const tile = Array.from(
      strip.current?.querySelectorAll<HTMLElement>("[data-strip-id]") ?? [],
    ).find(({ dataset }) => Number(dataset.stripId) === held.id);
    if (!tile) return;
    tile.style.transform = `translate(${held.x - tile.offsetLeft}px, ${held.y - tile.offsetTop}px)`;
    return () => {
      tile.style.transform = "";
    };
  });

  return { heldId: held?.id ?? null, handlersFor };
}

/** The place whose middle is nearest to the middle of a tile at this position. */
function nearest(tiles: HTMLElement[], left: number, top: number): number {
  const distances = tiles.map((tile) => Math.hypot(tile.offsetLeft - left, tile.offsetTop - top));
  return distances.indexOf(Math.min(...distances));
}

function glide(element: HTMLElement, from: string): void {
  if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  element.animate([{ transform: from }, { transform: "none" }], {
    duration: 160,
    easing: "cubic-bezier(0.2, 0.7, 0.2, 1)",
  });
}

/** Tiles whose place has changed slide there from where they were. */
function useSlide(
  strip: RefObject<HTMLElement | null>,
  ids: readonly number[],
  heldId: number | null,
): void {
  const places = useRef(new Map<string, { left: number; top: number }>());
  const order = ids.join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: places are compared when the order changes
  useLayoutEffect(() => {
    const next = new Map<string, { left: number; top: number }>();
    for (const tile of strip.current?.querySelectorAll<HTMLElement>("[data-strip-id]") ?? []) {
      const id = tile.dataset.stripId ?? "";
      const place = { left: tile.offsetLeft, top: tile.offsetTop };
      const before = places.current.get(id);
      next.set(id, place);
      if (!before || Number(id) === heldId) continue;
      const x = before.left - place.left;
      const y = before.top - place.top;
      if (x || y) glide(tile, `translate(${x}px, ${y}px)`);
    }
    places.current = next;
  }, [order, strip]);
}
