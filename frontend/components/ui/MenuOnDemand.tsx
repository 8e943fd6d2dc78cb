import {
  cloneElement,
  type KeyboardEvent,
  type ReactElement,
  type ReactNode,
  Suspense,
  useState,
} from "react";

interface MenuOnDemandProps {
  /** The button alone. */
  trigger: ReactElement<Record<string, unknown>>;
  /** Fetches the menu, as for `lazy`. */
  load: () => Promise<unknown>;
  /** The lazy menu with the same button, open from the moment it appears. */
  children: ReactNode;
}

/**
 * A menu whose machinery is fetched when its button is reached for. Until the first press the page
 * holds nothing but the button.
 */
export function MenuOnDemand({ trigger, load, children }: MenuOnDemandProps) {
  const [isWanted, setWanted] = useState(false);
  const prepare = () => {
    load().catch(() => {
      // The press itself will show that it cannot be loaded.
    });
  };
  const waiting = cloneElement(trigger, {
    "aria-haspopup": "menu",
    "aria-expanded": false,
    onPointerEnter: prepare,
    onFocus: prepare,
    onClick: () => setWanted(true),
    onKeyDown: ({ key }: KeyboardEvent) => {
      if (key === "ArrowDown" || key === "ArrowUp") setWanted(true);
    },
  });
  return isWanted ? <Suspense fallback={waiting}>{children}</Suspense> : waiting;
}
