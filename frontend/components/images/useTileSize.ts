import { useSyncExternalStore } from "react";

/** Small tiles with tags on them, or large ones with their names below. */
export type TileSize = "small" | "large";

/** A choice of this browser, not of the account. */
const KEY = "aigrowth.tiles";
const listeners = new Set<() => void>();
let chosen: TileSize | undefined;

function read(): TileSize {
  if (!chosen) {
    try {
      chosen = localStorage.getItem(KEY) === "large" ? "large" : "small";
    } catch {
      chosen = "small";
    }
  }
  return chosen;
}

function choose(size: TileSize): void {
  chosen = size;
  try {
    localStorage.setItem(KEY, size);
  } catch {
    // Storage is blocked: the choice lasts as long as this page.
  }
  for (const listener of listeners) listener();
}

/** How large the library shows its images, and how to change that. */
export function useTileSize(): [TileSize, (size: TileSize) => void] {
  const size = useSyncExternalStore((onChange) => {
    listeners.add(onChange);
    return () => listeners.delete(onChange);
  }, read);
  return [size, choose];
}
