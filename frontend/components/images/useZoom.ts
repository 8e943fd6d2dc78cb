import {
  type PointerEvent,
  type RefObject,
  useEffect,
  useEffectEvent,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { fitted, isFitted, kept, type Point, panned, type Size, type Zoom, zoomed } from "./zoom";

/** Pixels that a pointer moves before a press is a drag. */
const THRESHOLD = 4;

/**
 * Zooming and moving a picture in its frame: the wheel and two fingers zoom, a drag moves, a press goes
 * between the whole and 100 %. Another picture begins as a whole.
 */
export function useZoom(frame: RefObject<HTMLElement | null>, picture: Size & { id: number }) {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const [state, setState] = useState<{ id: number; zoom: Zoom | null }>({
    id: picture.id,
    zoom: null,
  });
  const [isMoving, setMoving] = useState(false);
  // Nothing chosen: the whole picture, whatever the frame.
  const chosen = state.id === picture.id ? state.zoom : null;
  const zoom = chosen ? kept(chosen, picture, size) : fitted(picture, size);
  // Two fingers move between two drawings: each step goes on from the one before.
  const latest = useRef(zoom);
  useLayoutEffect(() => {
    latest.current = zoom;
  });

  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [frame]);

  const set = (next: Zoom) => {
    latest.current = next;
    setState({ id: picture.id, zoom: isFitted(next, picture, size) ? null : next });
  };
  const pointIn = ({ clientX, clientY }: { clientX: number; clientY: number }): Point => {
    const box = frame.current?.getBoundingClientRect();
    return box
      ? { x: clientX - box.left - box.width / 2, y: clientY - box.top - box.height / 2 }
      : { x: 0, y: 0 };
  };
  const zoomBy = (factor: number, at: Point = { x: 0, y: 0 }) =>
    set(zoomed(latest.current, factor, at, picture, size));
  const toFit = () => setState({ id: picture.id, zoom: null });
  const toActual = (at: Point = { x: 0, y: 0 }) => {
    // What is shown in its own size already comes nearer.
    const { scale } = latest.current;
    set(zoomed(latest.current, (scale < 0.999 ? 1 : 2) / scale, at, picture, size));
  };

  const onWheel = useEffectEvent((event: WheelEvent) => {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    // Two fingers on a trackpad arrive as a wheel with Ctrl, in small steps.
    const speed = event.ctrlKey ? 0.01 : 0.002;
    zoomBy(Math.exp(-event.deltaY * lines * speed), pointIn(event));
  });
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    // React's own listener could not keep the page from zooming.
    const listener = (event: WheelEvent) => onWheel(event);
    element.addEventListener("wheel", listener, { passive: false });
    return () => element.removeEventListener("wheel", listener);
  }, [frame]);

  const fingers = useRef(new Map<number, Point>());
  const start = useRef<Point | null>(null);
  const hasMoved = useRef(false);

  const end = (event: PointerEvent) => {
    fingers.current.delete(event.pointerId);
    if (fingers.current.size > 0) return;
    setMoving(false);
    if (event.type === "pointerup" && start.current && !hasMoved.current) {
      if (isFitted(latest.current, picture, size)) toActual(pointIn(event));
      else toFit();
    }
    start.current = null;
  };

  return {
    zoom,
    size,
    isMoving,
    zoomBy,
    toFit,
    toActual,
    pointer: {
      onPointerDown(event: PointerEvent) {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        fingers.current.set(event.pointerId, pointIn(event));
        if (fingers.current.size === 1) {
          start.current = pointIn(event);
          hasMoved.current = false;
        } else {
          hasMoved.current = true;
        }
      },
      onPointerMove(event: PointerEvent) {
        const before = fingers.current.get(event.pointerId);
        if (!before) return;
        const now = pointIn(event);
        if (
          !hasMoved.current &&
          start.current &&
          Math.hypot(now.x - start.current.x, now.y - start.current.y) < THRESHOLD
        ) {
          return;
        }
        hasMoved.current = true;
        setMoving(true);
        fingers.current.set(event.pointerId, now);
        const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
        if (!other) {
          set(panned(latest.current, { x: now.x - before.x, y: now.y - before.y }, picture, size));
          return;
        }
        const distance = (a: Point) => Math.max(1, Math.hypot(a.x - other.x, a.y - other.y));
        const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
        const by = { x: (now.x - before.x) / 2, y: (now.y - before.y) / 2 };
        const nearer = zoomed(
          latest.current,
          distance(now) / distance(before),
          middle,
          picture,
          size,
        );
        set(panned(nearer, by, picture, size));
      },
      onPointerUp: end,
      onPointerCancel: end,
    },
  };
}
