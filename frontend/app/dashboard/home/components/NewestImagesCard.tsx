import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ErrorState, Loading, Skeleton } from "@/components/ui/feedback";
import { Card } from "@/components/ui/surface";
import { Thumbnail } from "@/components/ui/Thumbnail";
import { newestImagesQuery } from "@/lib/api/images";
import type { LibraryTotals } from "@/lib/api/types";
import { useBusiness, useMayWrite } from "@/lib/business";
import { plural } from "@/lib/format";

const SHOWN = 6;

/** A look into the library. */
export function NewestImagesCard({ totals }: { totals: LibraryTotals | undefined }) {
  const business = useBusiness();
  const mayWrite = useMayWrite();
  const query = useQuery(newestImagesQuery(business.id, SHOWN));
  return (
    <Card
      title="Newest images"
      titleId="newest-images"
      aside={
        totals && totals.images > SHOWN ? (
          <Link to="/dashboard/images" className="link text-small tabular-nums">
            All {plural(totals.images, "image")}
          </Link>
        ) : undefined
      }
    >
      {query.isError ? (
        <ErrorState
          title="Your images could not be loaded"
          onRetry={() => query.refetch()}
          isRetrying={query.isFetching}
          isCompact
          className="pt-1.5"
        >
          {query.error.message} Nothing is lost.
        </ErrorState>
      ) : query.isPending ? (
        <Loading label="Loading images">
          <div className="grid grid-cols-3 gap-2 pt-2">
            {["a", "b", "c", "d", "e", "f"].map((key) => (
              <Skeleton key={key} className="aspect-square" />
            ))}
          </div>
        </Loading>
      ) : query.data.images.length === 0 ? (
        <p className="text-ink-2">
          No images yet.{" "}
          {mayWrite && (
            <>
              <Link to="/dashboard/images" className="link">
                Add the first one
              </Link>
              .
            </>
          )}
        </p>
      ) : (
        <ul className="grid grid-cols-3 gap-2 pt-2">
          {query.data.images.map((image) => (
            <li key={image.id}>
              <Link
                to="/dashboard/images"
                search={{ image: image.id }}
                aria-label={image.alt_text || image.original_filename}
                className="block rounded-tile"
              >
                <Thumbnail src={image.thumbnail_url} thumbhash={image.thumbhash} alt="" />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
