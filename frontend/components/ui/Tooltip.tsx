import {
  cloneElement,
  type FocusEvent,
  type KeyboardEvent,
  type PointerEvent,
  type ReactElement,
  type ReactNode,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { createPortal } from "react-dom";

interface TooltipProps {
  text: ReactNode;
  /** One element that takes the events of a trigger. */
  children: ReactElement<Record<string, unknown>>;
  side?: "top" | "bottom";
}

/** Milliseconds that a pointer rests on the trigger before the note shows. */
const REST = 400;
const GAP = 6;
const EDGE = 8;

/**
 * A short note on hover and focus. It repeats or completes a label and never replaces one, so it is
 * not spoken.
 */
export function Tooltip({ text, children, side = "top" }: TooltipProps) {
  const [anchor, setAnchor] = useState<Element | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const show = (target: Element, delay: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setAnchor(target), delay);
  };
  const hide = () => {
    clearTimeout(timer.current);
    setAnchor(null);
  };
  useEffect(() => () => clearTimeout(timer.current), []);

  /** The trigger's own listener runs first. */
  const after =
    <E,>(name: string, run: (event: E) => void) =>
    (event: E) => {
      (children.props[name] as ((event: E) => void) | undefined)?.(event);
      run(event);
    };
  return (
    <>
      {cloneElement(children, {
        onPointerEnter: after<PointerEvent>("onPointerEnter", ({ pointerType, currentTarget }) => {
          if (pointerType !== "touch") show(currentTarget, REST);
        }),
        onPointerLeave: after("onPointerLeave", hide),
        onPointerDown: after("onPointerDown", hide),
        onFocus: after<FocusEvent>("onFocus", ({ currentTarget }) => {
          if (currentTarget.matches(":focus-visible")) show(currentTarget, 0);
        }),
        onBlur: after("onBlur", hide),
        onKeyDown: after<KeyboardEvent>("onKeyDown", hide),
      })}
      {anchor &&
        createPortal(
          <Note anchor={anchor} side={side} onGone={hide}>
            {text}
          </Note>,
          document.body,
        )}
    </>
  );
}

interface NoteProps {
  anchor: Element;
  side: "top" | "bottom";
  onGone: () => void;
  children: ReactNode;
}

/** Beside its anchor and inside of the window; on the other side where there is no room. */
function Note({ anchor, side, onGone, children }: NoteProps) {
  const ref = useRef<HTMLSpanElement>(null);
  const [place, setPlace] = useState({ left: 0, top: 0 });
  useLayoutEffect(() => {
    const note = ref.current?.getBoundingClientRect();
    if (!note) return;
    const at = anchor.getBoundingClientRect();
    const above = at.top - GAP - note.height;
    const below = at.bottom + GAP;
    const fitsAbove = above >= EDGE;
    const fitsBelow = below + note.height <= window.innerHeight - EDGE;
    const left = at.left + at.width / 2 - note.width / 2;
    setPlace({
      left: Math.max(EDGE, Math.min(left, window.innerWidth - EDGE - note.width)),
      top: (side === "top" ? fitsAbove || !fitsBelow : fitsAbove && !fitsBelow) ? above : below,
    });
  }, [anchor, side]);
  useEffect(() => {
    window.addEventListener("scroll", onGone, { capture: true, passive: true });
    return () => window.removeEventListener("scroll", onGone, { capture: true });
  });
  return (
    <span
      ref={ref}
      aria-hidden
      style={place}
      className="pointer-events-none fixed z-50 max-w-64 rounded-small bg-ink px-2 py-1 font-medium text-caption text-on-ink shadow-float transition-opacity duration-150 motion-reduce:transition-none starting:opacity-0"
    >
      {children}
    </span>
  );
}
