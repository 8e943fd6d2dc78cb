import { type RefObject, useLayoutEffect, useState } from "react";
import { flushSync } from "react-dom";

export interface GridLayout {
  columns: number;
  /** From the top of one row to the top of the next; 0 until the grid is measured. */
  rowHeight: number;
  /** Between two tiles, and between two rows. */
  gap: number;
  /** Of the grid's upper edge below the page's. */
  top: number;
}

/**
 * As many columns as fit, all of the same width, at least two. `below` is the height of what stands
 * under each picture.
 */
export function useGridLayout(
  box: RefObject<HTMLDivElement | null>,
  { tileWidth, below, gap }: { tileWidth: number; below: number; gap: number },
): GridLayout {
  const [layout, setLayout] = useState<GridLayout>({ columns: 2, rowHeight: 0, gap, top: 0 });
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = (now: GridLayout): GridLayout => {
      const { width, top } = element.getBoundingClientRect();
      if (!width) return now;
      const columns = Math.max(2, Math.floor((width + gap) / (tileWidth + gap)));
      const rowHeight = (width - gap * (columns - 1)) / columns + below + gap;
      const place = Math.round(top + window.scrollY);
      const isSame =
        now.columns === columns &&
        now.rowHeight === rowHeight &&
        now.gap === gap &&
        now.top === place;
      return isSame ? now : { columns, rowHeight, gap, top: place };
    };
    setLayout(measure);
    // In the same frame: a grid of the old shape in a box of the new width would be seen.
    const observer = new ResizeObserver(() => flushSync(() => setLayout(measure)));
    observer.observe(element);
    // What stands above the grid can grow and push it down without changing its width.
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [box, tileWidth, below, gap]);
  return layout;
}
