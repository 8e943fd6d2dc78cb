/** Somebody who holds what a person wrote and what is nowhere else yet. */
export interface Holder {
  hasUnsaved: () => boolean;
  /** The session has ended, and the page stays for the sake of what is written. */
  onSignedOut: () => void;
}

const holders = new Set<Holder>();

/** From now on the page is not taken away while this holder has something. Returns how to end that. */
export function holdUnsaved(holder: Holder): () => void {
  holders.add(holder);
  return () => void holders.delete(holder);
}

/** Tells whoever holds something that the session has ended. False when nobody does. */
export function tellSignedOut(): boolean {
  const holding = Array.from(holders).filter(({ hasUnsaved }) => hasUnsaved());
  for (const { onSignedOut } of holding) onSignedOut();
  return holding.length > 0;
}
