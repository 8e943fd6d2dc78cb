export type GridKey =
  | "ArrowLeft"
  | "ArrowRight"
  | "ArrowUp"
  | "ArrowDown"
  | "Home"
  | "End"
  | "PageUp"
  | "PageDown";

/**
 * Where a key leads from a place in a grid that fills row by row; null for keys that do not move
 * and at an edge. From above a short last row, down goes to its last place.
 */
export function moveInGrid(
  key: GridKey,
  from: number,
  count: number,
  columns: number,
  pageRows: number,
): number | null {
  const to = place(key, from, count - 1, columns, pageRows);
  return to === null || to === from || count === 0 ? null : to;
}

function place(
  key: GridKey,
  from: number,
  last: number,
  columns: number,
  pageRows: number,
): number | null {
  switch (key) {
    case "ArrowLeft":
      return Math.max(0, from - 1);
    case "ArrowRight":
      return Math.min(last, from + 1);
    case "ArrowUp":
      return up(from, 1, columns);
    case "PageUp":
      return up(from, pageRows, columns);
    case "ArrowDown":
      return down(from, 1, last, columns);
    case "PageDown":
      return down(from, pageRows, last, columns);
    case "Home":
      return 0;
    case "End":
      return last;
    default:
      return null;
  }
}

function up(from: number, rows: number, columns: number): number {
  return from - Math.min(rows, Math.floor(from / columns)) * columns;
}

function down(from: number, rows: number, last: number, columns: number): number {
  const isInLastRow = Math.floor(from / columns) === Math.floor(last / columns);
  return isInLastRow ? from : Math.min(from + rows * columns, last);
}
