import { ImageOff, SearchX, Sparkles, Trash2 } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { ImageGrid } from "@/components/images/ImageGrid";
import { ImageTile } from "@/components/images/ImageTile";
import { TileAction, TileIconAction } from "@/components/images/TileAction";
import { useLibrary } from "@/components/images/useLibrary";
import { Button } from "@/components/ui/Button";
import { cn } from "@/components/ui/cn";
import {
  CureButton,
  EmptyState,
  ErrorState,
  Loading,
  Notice,
  Skeleton,
} from "@/components/ui/feedback";
import type { Image } from "@/lib/api/types";
import { useMayWrite } from "@/lib/business";
import { plural } from "@/lib/format";
import { useMediaQuery } from "@/lib/useMediaQuery";
import type { ImagesView } from "../useImagesView";
import { EmptyLibrary } from "./EmptyLibrary";
import { LibraryToolbar } from "./LibraryToolbar";

const TrashedImageDialog = lazy(async () => ({
  default: (await import("@/components/images/TrashedImageDialog")).TrashedImageDialog,
}));

interface ImageLibraryProps {
  view: ImagesView;
  onUse: (imageId: number) => void;
  onDelete: (image: Image) => void;
  onUpload: () => void;
  onGenerate: () => void;
}

/** The library as a grid, in each of its states. */
export function ImageLibrary({ view, onUse, onDelete, onUpload, onGenerate }: ImageLibraryProps) {
  const { filter, sort, search, image: shownId, show } = view;
  const { query, images, total, hasUncounted, onMore } = useLibrary({ filter, sort, search });
  const [trashed, setTrashed] = useState<Image | null>(null);
  const isNarrow = useMediaQuery("(width < 36rem)");
  const tileWidth = isNarrow ? 100 : 148;
  const mayWrite = useMayWrite();
  const isTrash = filter === "trashed";
  const isAll = !filter && !search;

  // Nothing there at all: there is nothing to filter either.
  if (query.isSuccess && !query.isPlaceholderData && isAll && total === 0) {
    return <EmptyLibrary view={view} onUpload={onUpload} onGenerate={onGenerate} />;
  }

  return (
    <>
      <LibraryToolbar view={view} />
      <div className="page-padding flex flex-1 flex-col pt-1.5 pb-6">
        <p role="status" className="sr-only">
          {query.isSuccess &&
            !query.isPlaceholderData &&
            !isAll &&
            `${hasUncounted ? "More than " : ""}${plural(total, "image")}`}
        </p>
        {query.isError && !images.length ? (
          <ErrorState
            title="Your images could not be loaded"
            onRetry={() => query.refetch()}
            isRetrying={query.isFetching}
          >
            {query.error.message} Nothing is lost.
          </ErrorState>
        ) : query.isPending ? (
          <LibraryShape tileWidth={tileWidth} />
        ) : images.length === 0 ? (
          <NothingHere view={view} onGenerate={onGenerate} />
        ) : (
          <div
            className={cn(
              "transition-opacity duration-150 motion-reduce:transition-none",
              query.isPlaceholderData && "opacity-50",
            )}
          >
            {isTrash && (
              <p className="pb-3 text-ink-2">
                {mayWrite
                  ? "Press an image to bring it back, or to delete it for good."
                  : "Editors and owners can bring these images back."}
              </p>
            )}
            <ImageGrid
              label={isTrash ? "Images in the trash" : "Images"}
              images={images}
              total={total}
              tileWidth={tileWidth}
              hasMore={query.hasNextPage && !query.isFetchNextPageError}
              onMore={onMore}
              isSelected={({ id }) => id === shownId}
              onDeleteKey={isTrash || !mayWrite ? undefined : onDelete}
              renderTile={(image, tabIndex) => (
                <ImageTile
                  image={image}
                  tabIndex={tabIndex}
                  isSelected={image.id === shownId}
                  onPress={() =>
                    isTrash ? setTrashed(image) : show(image.id === shownId ? undefined : image.id)
                  }
                  actions={
                    !isTrash &&
                    !isNarrow &&
                    mayWrite && (
                      <>
                        <TileAction tabIndex={tabIndex} onPress={() => onUse(image.id)}>
                          Use in a post
                        </TileAction>
                        <TileIconAction
                          tabIndex={tabIndex}
                          label={`Delete ${image.original_filename}`}
                          icon={Trash2}
                          onPress={() => onDelete(image)}
                        />
                      </>
                    )
                  }
                />
              )}
            />
            {query.isFetchNextPageError && (
              <Notice
                tone="bad"
                fact="The next images could not be loaded."
                className="mt-4"
                cure={<CureButton onPress={() => query.fetchNextPage()}>Try again</CureButton>}
              >
                Nothing is lost.
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

const EMPTY = {
  uploaded: {
    title: "Nothing uploaded yet",
    words: "Every image here was made with AI. Your own pictures will stand here.",
  },
  ai_generated: {
    title: "Nothing generated yet",
    words: "Describe a picture in words, and it is painted into your library.",
  },
  unused: {
    title: "Every image is in use",
    words: "Images that are in no post yet stand here.",
  },
  trashed: { title: "The trash is empty", words: "Images that you delete can be restored here." },
} as const;

function NothingHere({
  view: { filter, search, change },
  onGenerate,
}: {
  view: ImagesView;
  onGenerate: () => void;
}) {
  const mayWrite = useMayWrite();
  const showAll = (
    <Button onClick={() => change({ search: undefined, filter: undefined })}>
      Show all images
    </Button>
  );
  if (search) {
    return (
      <EmptyState icon={SearchX} title={`Nothing found for “${search}”`} action={showAll}>
        {filter === "trashed"
          ? "Nothing in the trash has this in its name, prompt, alt text or tags."
          : filter
            ? "Nothing of this kind has it in its name, prompt, alt text or tags."
            : "No image has this in its name, prompt, alt text or tags."}
      </EmptyState>
    );
  }
  const { title, words } = EMPTY[filter ?? "unused"];
  return (
    <EmptyState
      icon={filter === "trashed" ? Trash2 : ImageOff}
      title={title}
      action={
        filter === "ai_generated" && mayWrite ? (
          <Button variant="ai-soft" icon={Sparkles} onClick={onGenerate}>
            Generate an image
          </Button>
        ) : (
          showAll
        )
      }
    >
      {words}
    </EmptyState>
  );
}

/** The shape of the grid while it loads. */
function LibraryShape({ tileWidth }: { tileWidth: number }) {
  return (
    <Loading label="Loading images">
      <div
        className="grid max-h-[calc(100dvh-9rem)] gap-2.5 overflow-hidden"
        style={{ gridTemplateColumns: `repeat(auto-fill, minmax(${tileWidth}px, 1fr))` }}
      >
        {Array.from({ length: 40 }, (_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
          <Skeleton key={index} className="aspect-square rounded-tile" />
        ))}
      </div>
    </Loading>
  );
}
