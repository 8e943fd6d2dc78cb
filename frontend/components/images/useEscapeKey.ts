import { useEffect, useEffectEvent } from "react";

/**
 * Runs when Escape is pressed and nothing nearer takes it: a dialog or a menu above the page, a search
 * box with text. `isOurs` may leave it to somebody else, by where the focus is.
 */
export function useEscapeKey(
  isOn: boolean,
  onEscape: () => void,
  isOurs: (target: Element) => boolean = () => true,
): void {
  const leave = useEffectEvent(onEscape);
  const isMeant = useEffectEvent(isOurs);
  useEffect(() => {
    if (!isOn) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      if (document.querySelector('[role="dialog"], [role="menu"], [role="listbox"]')) return;
      if (event.target instanceof Element && !isMeant(event.target)) return;
      event.preventDefault();
      leave();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [isOn]);
}
