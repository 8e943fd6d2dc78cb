import type { Virtualizer } from "@tanstack/react-virtual";
import {
  type KeyboardEvent,
  memo,
  type ReactNode,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { Skeleton } from "@/components/ui/feedback";
import type { Image } from "@/lib/api/types";
import type { ImageGridProps } from "./ImageGrid";
import { type GridKey, moveInGrid } from "./moveInGrid";
import type { GridLayout } from "./useGridLayout";
import { useTilePointer } from "./useTilePointer";

interface GridRowsProps extends ImageGridProps {
  box: RefObject<HTMLDivElement | null>;
  layout: GridLayout;
  /** The place that the keyboard is at. */
  active: RefObject<number>;
  virtualizer: Virtualizer<Element, Element>;
  onActiveRow: (row: number) => void;
}

/** The rows of a grid near the view, and what keys and pointers do on them. */
export function GridRows({
  label,
  places,
  onLook,
  isSelected,
  choice,
  onDeleteKey,
  onDrag,
  renderTile,
  box,
  layout,
  active,
  virtualizer,
  onActiveRow,
}: GridRowsProps) {
  const { columns, rowHeight, gap } = layout;
  const { count } = places;
  const rowCount = Math.ceil(count / columns);
  const rows = virtualizer.getVirtualItems();
  const [held, setHeld] = useState<{ id: number | null; index: number }>({ id: null, index: 0 });
  const wanted = useRef<number | null>(null);
  const hasFocus = useRef(false);

  // The keyboard stays on its image when that moves; where it is gone, on the one that moved up.
  const found = held.id === null ? -1 : places.indexOf(held.id);
  const activeIndex = Math.max(0, Math.min(found >= 0 ? found : held.index, count - 1));
  useLayoutEffect(() => {
    active.current = activeIndex;
  }, [active, activeIndex]);
  const activeRow = Math.floor(activeIndex / columns);
  useEffect(() => onActiveRow(activeRow), [activeRow, onActiveRow]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: heights follow the width of the box
  useLayoutEffect(() => virtualizer.measure(), [virtualizer, rowHeight, columns]);

  const range = virtualizer.range;
  const first = (range?.startIndex ?? 0) * columns;
  const last = Math.min(count, ((range?.endIndex ?? 0) + 3) * columns) - 1;
  useEffect(() => {
    if (rowHeight > 0 && count > 0) onLook(first, Math.max(first, last));
  }, [first, last, count, rowHeight, onLook]);

  // The row that the keyboard goes to may exist only after this drawing; and where the focused tile
  // has left, the focus would fall back to the top of the page.
  useEffect(() => {
    if (hasFocus.current && document.activeElement === document.body)
      wanted.current ??= activeIndex;
    if (wanted.current === null) return;
    const tile = box.current?.querySelector<HTMLElement>(
      `[data-index="${wanted.current}"] [data-tile]`,
    );
    if (!tile) return;
    wanted.current = null;
    tile.focus({ preventScroll: true });
  });

  const go = (index: number) => {
    wanted.current = index;
    setHeld({ id: places.at(index)?.id ?? null, index });
    virtualizer.scrollToIndex(Math.floor(index / columns));
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (!(event.target as HTMLElement).matches("[data-tile]")) return;
    const image = places.at(activeIndex);
    if (choice && (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a") {
      event.preventDefault();
      choice.all();
      return;
    }
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (choice && event.key === " ") {
      // Pressing the button is what Enter does.
      event.preventDefault();
      if (!image || event.repeat) return;
      if (event.shiftKey) choice.reachTo(activeIndex);
      else choice.toggle(image);
      return;
    }
    if (event.key === "Delete" && onDeleteKey) {
      // A key that is held down means one image, not all of them.
      if (image && !event.repeat) onDeleteKey(image);
      return;
    }
    const pageRows = Math.max(1, Math.floor(window.innerHeight / Math.max(rowHeight, 1)) - 1);
    const next = moveInGrid(event.key as GridKey, activeIndex, count, columns, pageRows);
    if (next === null) return;
    event.preventDefault();
    if (choice && event.shiftKey) {
      if (!choice.isActive && image) choice.toggle(image);
      choice.reachTo(next);
    }
    go(next);
  };

  const pointer = useTilePointer({ places, choice, onDrag });

  return (
    // biome-ignore lint/a11y/useSemanticElements: a table cannot be laid out as rows that come and go
    <div
      ref={box}
      role="grid"
      aria-label={label}
      aria-rowcount={rowCount}
      aria-colcount={columns}
      aria-multiselectable={choice ? true : undefined}
      tabIndex={-1}
      onKeyDown={onKeyDown}
      onKeyUp={(event) => {
        // Some browsers press a button when Space is let go.
        if (choice && event.key === " " && (event.target as HTMLElement).matches("[data-tile]")) {
          event.preventDefault();
        }
      }}
      {...pointer}
      onFocus={(event) => {
        const cell = (event.target as HTMLElement).closest<HTMLElement>("[data-index]");
        hasFocus.current = true;
        if (!cell) return;
        const index = Number(cell.dataset.index);
        setHeld({ id: places.at(index)?.id ?? null, index });
      }}
      onBlur={({ target }) => {
        // A tile that is taken away blurs as well: then the grid keeps its claim.
        queueMicrotask(() => {
          if (target.isConnected && !box.current?.contains(document.activeElement)) {
            hasFocus.current = false;
          }
        });
      }}
      className="relative w-full select-none outline-none"
      style={{ height: Math.max(0, rowCount * rowHeight - gap) }}
    >
      {rowHeight > 0 &&
        rows.map(({ index }) => (
          <GridRow
            key={index}
            index={index}
            columns={columns}
            gap={gap}
            top={index * rowHeight}
            count={count}
            at={places.at}
            activeColumn={index === activeRow ? activeIndex % columns : -1}
            isSelected={isSelected}
            renderTile={renderTile}
          />
        ))}
    </div>
  );
}

interface GridRowProps {
  index: number;
  columns: number;
  gap: number;
  top: number;
  count: number;
  at: (index: number) => Image | undefined;
  /** The column that the keyboard is at; -1 when it is in another row. */
  activeColumn: number;
  isSelected: (imageId: number) => boolean;
  renderTile: (image: Image, tabIndex: 0 | -1) => ReactNode;
}

const GridRow = memo(function GridRow({
  index,
  columns,
  gap,
  top,
  count,
  at,
  activeColumn,
  isSelected,
  renderTile,
}: GridRowProps) {
  const from = index * columns;
  const shown = Math.max(0, Math.min(columns, count - from));
  return (
    // biome-ignore lint/a11y/useSemanticElements: see the grid
    // biome-ignore lint/a11y/useFocusableInteractive: its tiles take the focus
    <div
      role="row"
      aria-rowindex={index + 1}
      className="absolute inset-x-0 top-0 grid"
      style={{
        columnGap: gap,
        gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
        transform: `translateY(${top}px)`,
      }}
    >
      {Array.from({ length: shown }, (_, column) => {
        const image = at(from + column);
        return (
          // biome-ignore lint/a11y/useSemanticElements: see the grid
          // biome-ignore lint/a11y/useFocusableInteractive: the tile in it takes the focus
          <div
            key={image ? image.id : `place-${from + column}`}
            role="gridcell"
            aria-colindex={column + 1}
            aria-selected={image ? isSelected(image.id) : undefined}
            aria-busy={image ? undefined : true}
            data-index={from + column}
            data-image={image?.id}
            className="min-w-0"
          >
            {image ? (
              renderTile(image, column === activeColumn ? 0 : -1)
            ) : (
              <Skeleton className="aspect-square rounded-tile" />
            )}
          </div>
        );
      })}
    </div>
  );
});
