import { useVirtualizer, useWindowVirtualizer, type Virtualizer } from "@tanstack/react-virtual";
import {
  type KeyboardEvent,
  type ReactNode,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { Skeleton } from "@/components/ui/feedback";
import type { Image } from "@/lib/api/types";
import { type GridKey, moveInGrid } from "./moveInGrid";

/**
 * A grid of square tiles of which only the rows near the view exist. Its tiles are one stop of the
 * Tab key: arrow keys, Home, End, Page Up and Page Down move between them.
 *
 * A tile marks its main button with `data-tile` and takes `tabIndex` for every button in it.
 */
export interface ImageGridProps {
  label: string;
  images: readonly Image[];
  /** How many there are in all, loaded or not. */
  total: number;
  /** The narrowest tile, in pixels. */
  tileWidth: number;
  hasMore: boolean;
  onMore: () => void;
  /** Set: the grid scrolls inside this element. Left out: with the page. */
  scroller?: RefObject<HTMLElement | null>;
  isSelected: (image: Image) => boolean;
  /** Runs when the Delete key is pressed on a tile. */
  onDeleteKey?: ((image: Image) => void) | undefined;
  renderTile: (image: Image, tabIndex: 0 | -1) => ReactNode;
}

const GAP = 10;
/** Room for what sticks to the upper edge of the page, so that a focused tile is not under it. */
const STICKY = 124;

interface Layout {
  columns: number;
  /** From the top of one row to the top of the next. */
  rowHeight: number;
  /** Of the grid's upper edge below the page's. */
  top: number;
}

export function ImageGrid(props: ImageGridProps) {
  const { scroller } = props;
  return scroller ? <BoxGrid {...props} scroller={scroller} /> : <PageGrid {...props} />;
}

function PageGrid(props: ImageGridProps) {
  const box = useRef<HTMLDivElement>(null);
  const layout = useLayout(box, props.tileWidth);
  const [activeRow, setActiveRow] = useState(0);
  const virtualizer = useWindowVirtualizer({
    ...rowOptions(props, layout, activeRow),
    scrollMargin: layout.top,
    scrollPaddingStart: STICKY,
    scrollPaddingEnd: 80,
  });
  return (
    <Rows
      {...props}
      box={box}
      layout={layout}
      offset={layout.top}
      virtualizer={virtualizer as unknown as Virtualizer<Element, Element>}
      onActiveRow={setActiveRow}
    />
  );
}

function BoxGrid(props: ImageGridProps & { scroller: RefObject<HTMLElement | null> }) {
  const box = useRef<HTMLDivElement>(null);
  const layout = useLayout(box, props.tileWidth);
  const [activeRow, setActiveRow] = useState(0);
  const virtualizer = useVirtualizer<HTMLElement, Element>({
    ...rowOptions(props, layout, activeRow),
    getScrollElement: () => props.scroller.current,
    scrollPaddingStart: GAP,
    scrollPaddingEnd: GAP,
  });
  return (
    <Rows
      {...props}
      box={box}
      layout={layout}
      offset={0}
      virtualizer={virtualizer as unknown as Virtualizer<Element, Element>}
      onActiveRow={setActiveRow}
    />
  );
}

function rowOptions({ images, hasMore }: ImageGridProps, layout: Layout, activeRow: number) {
  const { columns, rowHeight } = layout;
  const rows = Math.ceil(images.length / columns) + (hasMore ? 1 : 0);
  return {
    count: rows,
    estimateSize: () => rowHeight,
    overscan: 3,
    enabled: rowHeight > 0,
    // The row that holds the keyboard stays, however far away it is scrolled.
    rangeExtractor: ({
      startIndex,
      endIndex,
      overscan,
      count,
    }: {
      startIndex: number;
      endIndex: number;
      overscan: number;
      count: number;
    }) => {
      const first = Math.max(0, startIndex - overscan);
      const last = Math.min(count - 1, endIndex + overscan);
      const range = Array.from({ length: last - first + 1 }, (_, index) => first + index);
      if (activeRow < first) range.unshift(activeRow);
      if (activeRow > last && activeRow < count) range.push(activeRow);
      return range;
    },
  };
}

/** As many columns as fit, all of the same width, at least two. */
function useLayout(box: RefObject<HTMLDivElement | null>, tileWidth: number): Layout {
  const [layout, setLayout] = useState<Layout>({ columns: 2, rowHeight: 0, top: 0 });
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => {
      const { width, top } = element.getBoundingClientRect();
      if (!width) return;
      const columns = Math.max(2, Math.floor((width + GAP) / (tileWidth + GAP)));
      const rowHeight = (width - GAP * (columns - 1)) / columns + GAP;
      const place = Math.round(top + window.scrollY);
      setLayout((now) =>
        now.columns === columns && now.rowHeight === rowHeight && now.top === place
          ? now
          : { columns, rowHeight, top: place },
      );
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    // What stands above the grid can grow and push it down without changing its width.
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [box, tileWidth]);
  return layout;
}

interface RowsProps extends ImageGridProps {
  box: RefObject<HTMLDivElement | null>;
  layout: Layout;
  offset: number;
  virtualizer: Virtualizer<Element, Element>;
  onActiveRow: (row: number) => void;
}

function Rows({
  label,
  images,
  total,
  hasMore,
  onMore,
  isSelected,
  onDeleteKey,
  renderTile,
  box,
  layout: { columns, rowHeight },
  offset,
  virtualizer,
  onActiveRow,
}: RowsProps) {
  const rows = virtualizer.getVirtualItems();
  const lastRow = rows.at(-1)?.index ?? 0;
  const [activeId, setActiveId] = useState<number | null>(null);
  const wanted = useRef<number | null>(null);
  const hasFocus = useRef(false);
  const lastIndex = useRef(0);

  // When the active image is gone, its place goes to the one that moved up.
  const found = images.findIndex(({ id }) => id === activeId);
  const activeIndex =
    found >= 0 ? found : Math.max(0, Math.min(lastIndex.current, images.length - 1));
  useEffect(() => {
    lastIndex.current = activeIndex;
  }, [activeIndex]);
  const activeRow = Math.floor(activeIndex / columns);
  useEffect(() => onActiveRow(activeRow), [activeRow, onActiveRow]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: heights follow the width of the box
  useLayoutEffect(() => virtualizer.measure(), [virtualizer, rowHeight, columns]);

  const isNearEnd = lastRow * columns + columns * 4 >= images.length;
  useEffect(() => {
    if (hasMore && isNearEnd && rowHeight > 0) onMore();
  }, [hasMore, isNearEnd, rowHeight, onMore]);

  // The row that the keyboard goes to may exist only after this drawing; and where the focused tile
  // has left, the focus would fall back to the top of the page.
  useEffect(() => {
    if (hasFocus.current && document.activeElement === document.body) {
      wanted.current ??= images[activeIndex]?.id ?? null;
    }
    if (wanted.current === null) return;
    const tile = box.current?.querySelector<HTMLElement>(
      `[data-image="${wanted.current}"] [data-tile]`,
    );
    if (!tile) return;
    wanted.current = null;
    tile.focus({ preventScroll: true });
  });

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (!(event.target as HTMLElement).matches("[data-tile]")) return;
    if (event.key === "Delete" && onDeleteKey) {
      const image = images[activeIndex];
      // A key that is held down means one image, not all of them.
      if (image && !event.repeat) onDeleteKey(image);
      return;
    }
    const pageRows = Math.max(1, Math.floor(window.innerHeight / Math.max(rowHeight, 1)) - 1);
    const next = moveInGrid(event.key as GridKey, activeIndex, images.length, columns, pageRows);
    if (next === null) return;
    event.preventDefault();
    const image = images[next];
    if (!image) return;
    wanted.current = image.id;
    setActiveId(image.id);
    virtualizer.scrollToIndex(Math.floor(next / columns));
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: a table cannot be laid out as rows that come and go
    <div
      ref={box}
      role="grid"
      aria-label={label}
      aria-rowcount={Math.ceil(total / columns)}
      aria-colcount={columns}
      tabIndex={-1}
      onKeyDown={onKeyDown}
      onFocus={(event) => {
        const cell = (event.target as HTMLElement).closest<HTMLElement>("[data-image]");
        hasFocus.current = true;
        if (cell) setActiveId(Number(cell.dataset.image));
      }}
      onBlur={({ target }) => {
        // A tile that is taken away blurs as well: then the grid keeps its claim.
        queueMicrotask(() => {
          if (target.isConnected && !box.current?.contains(document.activeElement)) {
            hasFocus.current = false;
          }
        });
      }}
      className="relative w-full outline-none"
      style={{ height: Math.max(0, virtualizer.getTotalSize() - GAP) }}
    >
      {rowHeight > 0 &&
        rows.map((row) => {
          const from = row.index * columns;
          const shown = images.slice(from, from + columns);
          const isWaiting = hasMore && shown.length < columns;
          return (
            // biome-ignore lint/a11y/useSemanticElements: see the grid
            // biome-ignore lint/a11y/useFocusableInteractive: its tiles take the focus
            <div
              key={row.key}
              role="row"
              aria-rowindex={row.index + 1}
              className="absolute inset-x-0 top-0 grid"
              style={{
                gap: GAP,
                gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
                transform: `translateY(${row.start - offset}px)`,
              }}
            >
              {shown.map((image, column) => (
                // biome-ignore lint/a11y/useSemanticElements: see the grid
                // biome-ignore lint/a11y/useFocusableInteractive: the tile in it takes the focus
                <div
                  key={image.id}
                  role="gridcell"
                  aria-colindex={column + 1}
                  aria-selected={isSelected(image)}
                  data-image={image.id}
                  className="min-w-0"
                >
                  {renderTile(image, from + column === activeIndex ? 0 : -1)}
                </div>
              ))}
              {isWaiting &&
                Array.from({ length: columns - shown.length }, (_, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
                  // biome-ignore lint/a11y/useSemanticElements: see the grid
                  // biome-ignore lint/a11y/useFocusableInteractive: nothing to press yet
                  <div key={index} role="gridcell" aria-busy>
                    <Skeleton className="aspect-square rounded-tile" />
                  </div>
                ))}
            </div>
          );
        })}
    </div>
  );
}
