import type { Channel } from "@/lib/api/types";

/**
 * Channels that were left out of the last post are left out of the next one, too. A choice of this
 * browser; a channel that is new since is chosen.
 */
const key = (businessId: number) => `aigrowth.left-out.${businessId}`;

/** Keeps which of these channels a post was not meant for. None chosen says nothing. */
export function rememberChoice(
  businessId: number,
  channels: readonly Channel[],
  chosenIds: readonly number[],
): void {
  if (chosenIds.length === 0) return;
  const leftOut = channels.map(({ id }) => id).filter((id) => !chosenIds.includes(id));
  try {
    localStorage.setItem(key(businessId), JSON.stringify(leftOut));
  } catch {
    // Storage is blocked: every post begins with all channels.
  }
}

/** The channels that a new post begins with: those that work, but for what was left out last. */
export function firstChoice(businessId: number, channels: readonly Channel[]): number[] {
  const leftOut = readLeftOut(businessId);
  const working = channels.filter(({ status }) => status === "connected").map(({ id }) => id);
  const chosen = working.filter((id) => !leftOut.has(id));
  return chosen.length ? chosen : working;
}

function readLeftOut(businessId: number): ReadonlySet<number> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key(businessId)) ?? "[]");
    return new Set(Array.isArray(kept) ? kept : []);
  } catch {
    return new Set();
  }
}
