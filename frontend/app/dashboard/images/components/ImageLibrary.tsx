import {
  lazy,
  Suspense,
  useCallback,
  useDeferredValue,
  useEffectEvent,
  useMemo,
  useState,
} from "react";
import { GRID_GAP, ImageGrid } from "@/components/images/ImageGrid";
import { CAPTION_HEIGHT } from "@/components/images/ImageTile";
import { daysLeft } from "@/components/images/imageWords";
import type { Library } from "@/components/images/useLibrary";
import type { ImageSelection } from "@/components/images/useSelection";
import { type TileSize, useTileSize } from "@/components/images/useTileSize";
import { cn } from "@/components/ui/cn";
import { CureButton, ErrorState, Loading, Notice, Skeleton } from "@/components/ui/feedback";
import type { Image } from "@/lib/api/types";
import { useMayWrite, useTrashDays } from "@/lib/business";
import { plural } from "@/lib/format";
import { useMediaQuery } from "@/lib/useMediaQuery";
import type { ImagesView } from "../useImagesView";
import { EmptyLibrary } from "./EmptyLibrary";
import { LibraryTile, type TileDoings } from "./LibraryTile";
import { LibraryToolbar } from "./LibraryToolbar";
import { NothingHere } from "./NothingHere";
import { SelectionBar, type SelectionDoings } from "./SelectionBar";

const TrashedImageDialog = lazy(async () => ({
  default: (await import("@/components/images/TrashedImageDialog")).TrashedImageDialog,
}));

interface ImageLibraryProps {
  view: ImagesView;
  library: Library;
  selection: ImageSelection;
  doings: SelectionDoings;
  onUse: (images: Image[]) => void;
  onDelete: (images: Image[]) => void;
  onDrag: (images: Image[], event: PointerEvent) => void;
  onUpload: () => void;
  onGenerate: () => void;
}

/** The library as a grid, in each of its states. */
export function ImageLibrary({
  view,
  library,
  selection,
  doings,
  onUse,
  onDelete,
  onDrag,
  onUpload,
  onGenerate,
}: ImageLibraryProps) {
  const { filter, search, tag, image: shownId, show } = view;
  const { count, total, hasUncounted, error, isKnown, isStale } = library;
  // A page of new tiles is drawn piece by piece: the page moves on meanwhile.
  const places = useDeferredValue(library.places);
  const [trashed, setTrashed] = useState<Image | null>(null);
  const isNarrow = useMediaQuery("(width < 36rem)");
  const [size] = useTileSize();
  const look = tileLook(size, isNarrow);
  const mayWrite = useMayWrite();
  const trashDays = useTrashDays();
  const isTrash = filter === "trashed";
  const isAll = !filter && !search && !tag;
  const isSelecting = selection.chosen.size > 0;

  const open = useEffectEvent((image: Image) =>
    isTrash ? setTrashed(image) : show(image.id === shownId ? undefined : image.id),
  );
  const use = useEffectEvent((image: Image) => onUse([image]));
  const remove = useEffectEvent((image: Image) => onDelete([image]));
  const toggle = useEffectEvent((image: Image) => selection.toggle(image));
  const hasActions = !isTrash && !isNarrow && mayWrite;
  const tileDoings = useMemo(
    (): TileDoings => ({
      onOpen: (image) => open(image),
      ...(mayWrite && { onToggle: (image: Image) => toggle(image) }),
      ...(hasActions && {
        onUse: (image: Image) => use(image),
        onDelete: (image: Image) => remove(image),
      }),
    }),
    [mayWrite, hasActions],
  );
  const { hasCaption } = look;
  const renderTile = useCallback(
    (image: Image, tabIndex: 0 | -1) => (
      <LibraryTile
        image={image}
        tabIndex={tabIndex}
        isSelected={selection.has(image.id)}
        isOpen={image.id === shownId}
        isSelecting={isSelecting}
        hasCaption={hasCaption}
        note={
          isTrash && image.deleted_at
            ? plural(daysLeft(image.deleted_at, trashDays), "day")
            : undefined
        }
        {...tileDoings}
      />
    ),
    [selection.has, shownId, isSelecting, hasCaption, isTrash, trashDays, tileDoings],
  );

  // Nothing there at all: there is nothing to filter either.
  if (isKnown && isAll && count === 0) {
    return <EmptyLibrary view={view} onUpload={onUpload} onGenerate={onGenerate} />;
  }

  return (
    <>
      <LibraryToolbar view={view} isHidden={isSelecting && !isNarrow} />
      <SelectionBar selection={selection} isTrash={isTrash} doings={doings} isNarrow={isNarrow} />
      <div className="page-padding flex flex-1 flex-col pt-1.5 pb-6">
        <p role="status" className="sr-only">
          {isKnown && !isAll && `${hasUncounted ? "More than " : ""}${plural(total, "image")}`}
        </p>
        {error && !isKnown ? (
          <ErrorState
            title="Your images could not be loaded"
            onRetry={library.retry}
            isRetrying={library.isFetching}
          >
            {error.message} Nothing is lost.
          </ErrorState>
        ) : library.isPending ? (
          <LibraryShape look={look} />
        ) : count === 0 ? (
          <NothingHere view={view} onGenerate={onGenerate} />
        ) : (
          <div
            className={cn(
              "transition-opacity duration-150 motion-reduce:transition-none",
              isStale && "opacity-50",
            )}
          >
            {isTrash && (
              <p className="pb-3 text-ink-2">
                {mayWrite
                  ? `Images stay here for ${plural(trashDays, "day")}. Press one to bring it back.`
                  : "Editors and owners can bring these images back."}
              </p>
            )}
            <ImageGrid
              label={isTrash ? "Images in the trash" : "Images"}
              places={places}
              tileWidth={look.tileWidth}
              below={look.below}
              gap={look.gap}
              onLook={library.look}
              isSelected={selection.has}
              choice={
                mayWrite
                  ? {
                      isActive: isSelecting,
                      toggle: selection.toggle,
                      reachTo: selection.reachTo,
                      all: selection.all,
                    }
                  : undefined
              }
              onDeleteKey={
                isTrash || !mayWrite
                  ? undefined
                  : (image) => onDelete(isSelecting ? [...selection.chosen.values()] : [image])
              }
              onDrag={
                isTrash || !mayWrite
                  ? undefined
                  : (image, event) =>
                      onDrag(
                        selection.has(image.id) ? [...selection.chosen.values()] : [image],
                        event,
                      )
              }
              renderTile={renderTile}
            />
            {error && (
              <Notice
                tone="bad"
                fact="These images could not be loaded."
                className="sticky bottom-20 mt-4 md:bottom-4"
                cure={<CureButton onPress={library.retry}>Try again</CureButton>}
              >
                {error.message} Nothing is lost.
              </Notice>
            )}
          </div>
        )}
      </div>
      {isTrash && (
        <Suspense fallback={null}>
          <TrashedImageDialog image={trashed} onClose={() => setTrashed(null)} />
        </Suspense>
      )}
    </>
  );
}

interface TileLook {
  tileWidth: number;
  below: number;
  gap: number;
  hasCaption: boolean;
}

function tileLook(size: TileSize, isNarrow: boolean): TileLook {
  return size === "large"
    ? {
        tileWidth: isNarrow ? 150 : 212,
        below: CAPTION_HEIGHT,
        gap: isNarrow ? 12 : 16,
        hasCaption: true,
      }
    : { tileWidth: isNarrow ? 100 : 148, below: 0, gap: GRID_GAP, hasCaption: false };
}

/** The shape of the grid while it loads. */
function LibraryShape({ look: { tileWidth, gap, below } }: { look: TileLook }) {
  return (
    <Loading label="Loading images">
      <div
        className="grid max-h-[calc(100dvh-9rem)] overflow-hidden"
        style={{
          columnGap: gap,
          rowGap: gap + below,
          gridTemplateColumns: `repeat(auto-fill, minmax(${tileWidth}px, 1fr))`,
        }}
      >
        {Array.from({ length: 40 }, (_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
          <Skeleton key={index} className="aspect-square rounded-tile" />
        ))}
      </div>
    </Loading>
  );
}
