import { useVirtualizer, useWindowVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import { type ReactNode, type RefObject, useLayoutEffect, useRef, useState } from "react";
import type { Image } from "@/lib/api/types";
import { GridRows } from "./GridRows";
import { type GridLayout, useGridLayout } from "./useGridLayout";
import type { ImagePlaces } from "./useLibrary";

/**
 * A grid of tiles of which only the rows near the view exist. Its tiles are one stop of the Tab key:
 * arrow keys, Home, End, Page Up and Page Down move between them. With `choice` several of them can be
 * chosen: with Ctrl, Cmd or Shift and a click, with Space, Shift and an arrow key, Ctrl+A, and where
 * there is no mouse by a long press.
 *
 * A tile marks its main button with `data-tile` and takes `tabIndex` for every button in it.
 */
export interface ImageGridProps {
  label: string;
  places: Omit<ImagePlaces, "known">;
  /** The narrowest tile, in pixels. */
  tileWidth: number;
  /** The height of what stands under each picture, in pixels. */
  below?: number | undefined;
  gap?: number | undefined;
  /** Tells which places are in view. */
  onLook: (first: number, last: number) => void;
  /** Set: the grid scrolls inside this element. Left out: with the page. */
  scroller?: RefObject<HTMLElement | null>;
  isSelected: (imageId: number) => boolean;
  choice?: GridChoice | undefined;
  /** Runs when the Delete key is pressed on a tile. */
  onDeleteKey?: ((image: Image) => void) | undefined;
  /** Runs when a tile is taken with the mouse and moved. */
  onDrag?: ((image: Image, event: PointerEvent) => void) | undefined;
  /** Keep it the same as long as the tiles are: rows are drawn anew when it changes. */
  renderTile: (image: Image, tabIndex: 0 | -1) => ReactNode;
}

/** How several images of a grid are chosen. */
export interface GridChoice {
  /** Something is chosen: with a finger, a tap chooses more. */
  isActive: boolean;
  toggle: (image: Image) => void;
  reachTo: (index: number) => void;
  all: () => void;
}

export const GRID_GAP = 10;

/** Room for what sticks to the upper edge of the page, so that a focused tile is not under it. */
const STICKY = 124;

export function ImageGrid(props: ImageGridProps) {
  const { scroller } = props;
  return scroller ? <BoxGrid {...props} scroller={scroller} /> : <PageGrid {...props} />;
}

function PageGrid(props: ImageGridProps) {
  const { tileWidth, below = 0, gap = GRID_GAP } = props;
  const box = useRef<HTMLDivElement>(null);
  const layout = useGridLayout(box, { tileWidth, below, gap });
  const active = useRef(0);
  const [activeRow, setActiveRow] = useState(0);
  const virtualizer = useWindowVirtualizer({
    ...rowOptions(props, layout, activeRow),
    scrollMargin: layout.top,
    scrollPaddingStart: STICKY,
    scrollPaddingEnd: 80,
  });
  useKeptPlace(layout, active);
  return (
    <GridRows
      {...props}
      box={box}
      layout={layout}
      active={active}
      virtualizer={virtualizer as unknown as Virtualizer<Element, Element>}
      onActiveRow={setActiveRow}
    />
  );
}

function BoxGrid(props: ImageGridProps & { scroller: RefObject<HTMLElement | null> }) {
  const { tileWidth, below = 0, gap = GRID_GAP } = props;
  const box = useRef<HTMLDivElement>(null);
  const layout = useGridLayout(box, { tileWidth, below, gap });
  const active = useRef(0);
  const [activeRow, setActiveRow] = useState(0);
  const virtualizer = useVirtualizer<HTMLElement, Element>({
    ...rowOptions(props, layout, activeRow),
    getScrollElement: () => props.scroller.current,
    scrollPaddingStart: gap,
    scrollPaddingEnd: gap,
  });
  return (
    <GridRows
      {...props}
      box={box}
      layout={layout}
      active={active}
      virtualizer={virtualizer as unknown as Virtualizer<Element, Element>}
      onActiveRow={setActiveRow}
    />
  );
}

interface Range {
  startIndex: number;
  endIndex: number;
  overscan: number;
  count: number;
}

function rowOptions({ places }: ImageGridProps, layout: GridLayout, activeRow: number) {
  const { columns, rowHeight } = layout;
  return {
    count: Math.ceil(places.count / columns),
    estimateSize: () => rowHeight,
    overscan: 3,
    // What comes into view may be drawn in the next free moment.
    useFlushSync: false,
    enabled: rowHeight > 0,
    // The row that holds the keyboard stays, however far away it is scrolled.
    rangeExtractor: ({ startIndex, endIndex, overscan, count }: Range) => {
      const first = Math.max(0, startIndex - overscan);
      const last = Math.min(count - 1, endIndex + overscan);
      const range = Array.from({ length: last - first + 1 }, (_, index) => first + index);
      if (activeRow < first) range.unshift(activeRow);
      if (activeRow > last && activeRow < count) range.push(activeRow);
      return range;
    },
  };
}

/**
 * When the rows get another shape (a panel opens, the window turns), what was looked at stays where it
 * was: the tile with the keyboard if it is in view, else the first one that is.
 */
function useKeptPlace(layout: GridLayout, active: RefObject<number>): void {
  const last = useRef(layout);
  useLayoutEffect(() => {
    const before = last.current;
    last.current = layout;
    if (
      !before.rowHeight ||
      (before.columns === layout.columns && before.rowHeight === layout.rowHeight)
    ) {
      return;
    }
    const placeOf = (index: number, { columns, rowHeight, top }: GridLayout) =>
      top + Math.floor(index / columns) * rowHeight;
    const isAtTop = window.scrollY < before.top;
    const activePlace = placeOf(active.current, before) - window.scrollY;
    const isActiveInView = activePlace > -before.rowHeight / 2 && activePlace < window.innerHeight;
    if (isAtTop && (!isActiveInView || activePlace < window.innerHeight / 2)) return;
    const firstRow = Math.ceil((window.scrollY + STICKY - before.top) / before.rowHeight);
    const index = isActiveInView ? active.current : Math.max(0, firstRow * before.columns);
    const offset = placeOf(index, before) - window.scrollY;
    window.scrollTo({ top: placeOf(index, layout) - offset, behavior: "instant" });
  }, [layout, active]);
}
