import type { WishStart } from "./wish";

/** What was written and chosen last outlives the dialog and a reload; nothing put in is lost. */
const memory = new Map<string, WishStart>();

function nameOf(businessId: number, sourceId: number | null): string {
  return `aigrowth.wish.${businessId}${sourceId === null ? "" : `.${sourceId}`}`;
}

export function readDraftWish(businessId: number, sourceId: number | null): WishStart {
  const name = nameOf(businessId, sourceId);
  const known = memory.get(name);
  if (known) return known;
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(name) ?? "{}");
    return typeof kept === "object" && kept !== null ? (kept as WishStart) : {};
  } catch {
    return {};
  }
}

export function keepDraftWish(businessId: number, sourceId: number | null, wish: WishStart): void {
  const name = nameOf(businessId, sourceId);
  memory.set(name, wish);
  try {
    sessionStorage.setItem(name, JSON.stringify(wish));
  } catch {
    // Storage is blocked or full: it lasts as long as this page.
  }
}
