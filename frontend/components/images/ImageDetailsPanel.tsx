import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Download, Trash2, X } from "lucide-react";
import { lazy, type ReactNode, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/Button";
import { ErrorState, Loading, Skeleton } from "@/components/ui/feedback";
import { IconButton } from "@/components/ui/IconButton";
import { ApiError } from "@/lib/api/client";
import { downloadUrl, findListedImage, imageQuery } from "@/lib/api/images";
import type { Image } from "@/lib/api/types";
import { useBusiness, useMayWrite } from "@/lib/business";
import { useMediaQuery } from "@/lib/useMediaQuery";
import type { ImageDetailsProps } from "./ImageDetails";
import { LookContext } from "./lookContext";
import { useEscapeKey } from "./useEscapeKey";

const loadDetails = () => import("./ImageDetails");
const ImageDetails = lazy(async () => ({ default: (await loadDetails()).ImageDetails }));
const Sheet = lazy(async () => ({ default: (await import("@/components/ui/Dialog")).Sheet }));

interface ImageDetailsPanelProps
  extends Pick<ImageDetailsProps, "places" | "onTag" | "onGenerate"> {
  /** Undefined closes it. */
  imageId: number | undefined;
  /** Shows another image in its place, or none. */
  onShow: (imageId: number | undefined) => void;
  onUse: (image: Image) => void;
  onDelete: (image: Image) => void;
  /** Escape means something else first, unless the focus is in the panel. */
  isEscapeTaken?: boolean;
}

/** All about one image: beside the library on a wide screen, over it on a narrow one. */
export function ImageDetailsPanel(props: ImageDetailsPanelProps) {
  // The first opening should not wait for its code.
  useEffect(() => {
    const timer = setTimeout(() => void loadDetails().catch(() => {}), 2_000);
    return () => clearTimeout(timer);
  }, []);
  const isWide = useMediaQuery("(width >= 75rem)");
  // A screen that is turned while a picture is looked at does not take it away.
  const [held, hold] = useState<boolean | null>(null);
  const isBeside = held ?? isWide;
  const onLook = useCallback((isOpen: boolean) => hold(isOpen ? isBeside : null), [isBeside]);
  return (
    <LookContext value={onLook}>
      {isBeside ? <BesidePanel {...props} /> : <SheetPanel {...props} />}
    </LookContext>
  );
}

function BesidePanel({ imageId, ...rest }: ImageDetailsPanelProps) {
  const onClose = () => rest.onShow(undefined);
  const isOpen = imageId !== undefined;
  useEscapeKey(
    isOpen,
    onClose,
    (target) => !rest.isEscapeTaken || target.closest("aside") !== null,
  );
  useFocusReturn(imageId);
  if (!isOpen) return null;
  return (
    <aside
      aria-label="Image details"
      className="sticky top-0 flex h-dvh w-86 shrink-0 flex-col border-line border-l bg-surface"
    >
      <Content imageId={imageId} {...rest}>
        {(body, footer) => (
          <>
            <div className="relative min-h-0 flex-1 overflow-y-auto overscroll-contain p-5">
              <IconButton
                label="Close image details"
                icon={X}
                size="sm"
                variant="picture"
                hasTooltip={false}
                onClick={onClose}
                className="absolute top-7 right-7 z-1"
              />
              {body}
            </div>
            {footer && (
              <footer className="flex gap-2 border-line border-t px-5 py-3">{footer}</footer>
            )}
          </>
        )}
      </Content>
    </aside>
  );
}

/** When the panel takes the focus away with it, the tile of its image, or its neighbour, gets it. */
function useFocusReturn(imageId: number | undefined) {
  const last = useRef(imageId);
  useEffect(() => {
    const before = last.current;
    last.current = imageId;
    if (before === undefined || imageId !== undefined) return;
    if (document.activeElement !== document.body) return;
    const tile =
      document.querySelector<HTMLElement>(`[data-image="${before}"] [data-tile]`) ??
      document.querySelector<HTMLElement>('[data-tile][tabindex="0"]');
    tile?.focus({ preventScroll: true });
  }, [imageId]);
}

function SheetPanel({ imageId, ...rest }: ImageDetailsPanelProps) {
  // What it showed stays while the sheet slides away.
  const [shownId, setShownId] = useState(imageId);
  if (imageId !== undefined && imageId !== shownId) setShownId(imageId);
  if (shownId === undefined) return null;
  return (
    <Content imageId={shownId} isClosing={imageId === undefined} {...rest}>
      {(body, footer) => (
        <Suspense fallback={null}>
          <Sheet
            isOpen={imageId !== undefined}
            onClose={() => rest.onShow(undefined)}
            title="Image details"
            footer={footer}
          >
            {body}
          </Sheet>
        </Suspense>
      )}
    </Content>
  );
}

interface ContentProps extends ImageDetailsPanelProps {
  isClosing?: boolean;
  children: (body: ReactNode, footer: ReactNode) => ReactNode;
}

function Content({
  imageId,
  isClosing = false,
  places,
  onShow,
  onUse,
  onDelete,
  onTag,
  onGenerate,
  children,
}: ContentProps) {
  const business = useBusiness();
  const mayWrite = useMayWrite();
  const queryClient = useQueryClient();
  const query = useQuery({
    ...imageQuery(business.id, imageId ?? 0),
    enabled: imageId !== undefined && !isClosing,
  });
  // What the grid knows is enough to begin with; where it is used comes a moment later.
  const image =
    query.data ??
    (imageId === undefined ? undefined : findListedImage(queryClient, business.id, imageId));

  if (query.isError && !(image && query.error instanceof ApiError && query.error.isNetwork)) {
    const isGone = query.error instanceof ApiError && query.error.status === 404;
    return children(
      <ErrorState
        title={isGone ? "This image is not here any more" : "The details could not be loaded"}
        {...(!isGone && { onRetry: () => query.refetch(), isRetrying: query.isFetching })}
      >
        {isGone ? "It may be in the trash." : `${query.error.message} Nothing is lost.`}
      </ErrorState>,
      null,
    );
  }
  if (!image) return children(<DetailsShape />, null);
  return children(
    <Suspense fallback={<DetailsShape />}>
      <ImageDetails
        image={image}
        more={query.data}
        places={places}
        onShow={onShow}
        onTag={onTag}
        onGenerate={onGenerate}
      />
    </Suspense>,
    <>
      {mayWrite ? (
        <Button variant="primary" className="flex-1" onClick={() => onUse(image)}>
          Use in a post
        </Button>
      ) : (
        <p className="flex-1 self-center text-balance text-ink-3 text-small">
          Editors and owners can use and change it.
        </p>
      )}
      <a
        href={downloadUrl(image.id)}
        download={image.original_filename}
        aria-label="Download"
        title="Download"
        className="inline-flex h-control aspect-square shrink-0 items-center justify-center rounded-control border border-line-strong bg-surface hover:bg-sunken dark:hover:bg-raised"
      >
        <Download aria-hidden className="size-4" />
      </a>
      {mayWrite && (
        <IconButton
          label="Delete"
          icon={Trash2}
          variant="secondary"
          className="h-control w-auto aspect-square"
          onClick={() => onDelete(image)}
        />
      )}
    </>,
  );
}

function DetailsShape() {
  return (
    <Loading label="Loading image details">
      <div className="flex flex-col gap-4">
        <Skeleton className="aspect-4/3 rounded-card" />
        <Skeleton className="h-5 w-2/3" />
        <Skeleton className="h-14" />
        <Skeleton className="h-18" />
      </div>
    </Loading>
  );
}
