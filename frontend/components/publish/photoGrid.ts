/** Photos that a Page shows at once; the last one says how many more there are. */
export const SHOWN = 5;

interface Cell {
  columns: number;
  rows: number;
}

export interface PhotoGridPlan {
  columns: number;
  /** Of the whole, width to height. */
  ratio: number;
  cells: readonly Cell[];
}

/** How a Page lays out so many photos, by the shape of the first one (width to height). */
export function gridOf(count: number, firstRatio: number): PhotoGridPlan {
  const isWide = firstRatio > 1.1;
  const isHigh = firstRatio < 0.9;
  const some = (cells: number, columns: number, rows: number): Cell[] =>
    Array.from({ length: cells }, () => ({ columns, rows }));
  if (count === 2) {
    // Wide ones lie above each other.
    return isWide
      ? { columns: 1, ratio: 1, cells: some(2, 1, 1) }
      : { columns: 2, ratio: isHigh ? 1 : 2, cells: some(2, 1, 1) };
  }
  if (count === 3) {
    return isWide
      ? { columns: 2, ratio: 1, cells: [...some(1, 2, 1), ...some(2, 1, 1)] }
      : { columns: 2, ratio: 1, cells: [...some(1, 1, 2), ...some(2, 1, 1)] };
  }
  if (count === 4) {
    if (isWide) return { columns: 3, ratio: 1, cells: [...some(1, 3, 2), ...some(3, 1, 1)] };
    if (isHigh) return { columns: 3, ratio: 1, cells: [...some(1, 2, 3), ...some(3, 1, 1)] };
    return { columns: 2, ratio: 1, cells: some(4, 1, 1) };
  }
  return { columns: 6, ratio: 1.2, cells: [...some(2, 3, 3), ...some(3, 2, 2)] };
}
