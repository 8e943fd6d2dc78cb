/**
 * Whether anything is uploaded into a library, known to the whole page. Closing the tab would lose it, so
 * the browser asks first.
 */

const busy = new Set<unknown>();
const listed = new Set<unknown>();
const listeners = new Set<() => void>();

function askBeforeLeaving(event: BeforeUnloadEvent) {
  event.preventDefault();
}

/** `isListed`: there is something to show. `isBusy`: something is on its way. */
export function setActivity(queue: unknown, isListed: boolean, isBusy: boolean): void {
  const before = listed.size;
  if (isListed) listed.add(queue);
  else listed.delete(queue);
  if (isBusy) busy.add(queue);
  else busy.delete(queue);
  if (busy.size) window.addEventListener("beforeunload", askBeforeLeaving);
  else window.removeEventListener("beforeunload", askBeforeLeaving);
  if (listed.size !== before) for (const listener of listeners) listener();
}

export function subscribeActivity(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function hasUploads(): boolean {
  return listed.size > 0;
}
