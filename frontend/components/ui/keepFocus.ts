/*
 * The keyboard is always somewhere. A button that is pressed may be gone with what it did: its row is
 * deleted, its card moves to another list, its dialog makes room for the next one. The browser leaves
 * the keyboard on the page itself then, behind whatever is open, and Enter may press what nobody sees.
 */

/** A control that had the focus, and what stood around it, from the inside out. */
export interface Place {
  element: HTMLElement;
  around: HTMLElement[];
  isInMenu: boolean;
}

const MOST_PLACES = 10;
const OPEN_DIALOG = "[role=dialog][data-open], [role=alertdialog][data-open]";
const REFUGE = "section[aria-labelledby], section[aria-label], article, main";

let places: Place[] = [];
let isLookingSoon = false;

/** The control that opens a dialog now: an item of a menu goes with its menu, and its button stays. */
export function placeOfOpener(): Place | undefined {
  return places.findLast(({ isInMenu, element }) => !isInMenu && element.isConnected);
}

/**
 * Where the keyboard goes when a dialog closes: to what opened it. False leaves it where it is, or to
 * `keepFocus` to find the nearest place.
 */
export function afterDialog(opener: Place | undefined, popup: HTMLElement | null) {
  const { activeElement } = document;
  const hasMovedOn = !isNowhere(activeElement) && !popup?.contains(activeElement);
  if (hasMovedOn || !opener) return false;
  // Also when it can still be reached: its row may be gone in the same moment.
  remember(opener);
  const isReached = isWithin(topDialog(popup), opener.element) && isUsable(opener.element);
  return isReached && opener.element;
}

/** Watches the page from now on, and takes the keyboard to the nearest place when its own is gone. */
export function keepFocus(): void {
  document.addEventListener("focusin", ({ target }) => {
    if (target instanceof HTMLElement && target.ariaHidden !== "true") remember(placeOf(target));
  });
  document.addEventListener("focusout", ({ target }) => {
    // A press beside everything lets go on purpose.
    queueMicrotask(() => {
      if (target instanceof HTMLElement && isNowhere(document.activeElement) && isUsable(target)) {
        places = [];
      }
    });
  });
  new MutationObserver(lookSoon).observe(document.documentElement, {
    subtree: true,
    childList: true,
    attributeFilter: ["disabled", "hidden", "inert"],
  });
}

/** After what takes the keyboard further by itself. */
function lookSoon(): void {
  const last = places.at(-1);
  if (isLookingSoon || !last || isUsable(last.element)) return;
  isLookingSoon = true;
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      isLookingSoon = false;
      const lost = places.at(-1);
      const active = document.activeElement;
      if (!lost || isUsable(lost.element)) return;
      if (isNowhere(active) || active === lost.element)
        refugeOf(lost).focus({ preventScroll: true });
    }),
  );
}

/** The open dialog, else the nearest part of the page that is still there. */
function refugeOf({ around }: Place): HTMLElement {
  const dialog = topDialog(null);
  if (dialog) return focusable(dialog);
  const nearest = around.find((it) => it.isConnected && it.matches(REFUGE));
  return focusable(nearest ?? document.querySelector("main") ?? document.body);
}

function topDialog(except: HTMLElement | null): HTMLElement | undefined {
  return [...document.querySelectorAll<HTMLElement>(OPEN_DIALOG)].findLast(
    (it) => it !== except && it.checkVisibility(),
  );
}

function focusable(element: HTMLElement): HTMLElement {
  if (!element.hasAttribute("tabindex")) {
    element.tabIndex = -1;
    element.addEventListener("blur", () => element.removeAttribute("tabindex"), { once: true });
  }
  return element;
}

function placeOf(element: HTMLElement): Place {
  const around: HTMLElement[] = [];
  for (let it = element.parentElement; it; it = it.parentElement) around.push(it);
  return { element, around, isInMenu: element.closest("[role=menu]") !== null };
}

function remember(place: Place): void {
  places = [...places, place].slice(-MOST_PLACES);
}

function isNowhere(element: Element | null): boolean {
  return element === null || element === document.body;
}

function isWithin(dialog: HTMLElement | undefined, element: HTMLElement): boolean {
  return dialog === undefined || dialog.contains(element);
}

function isUsable(element: HTMLElement): boolean {
  return (
    element.isConnected && element.checkVisibility() && !element.matches(":disabled, [inert] *")
  );
}
