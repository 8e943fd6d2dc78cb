import { useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { imageListQuery, type LibraryView } from "@/lib/api/images";
import { useBusiness } from "@/lib/business";

/** The images of a view of the library, as far as they are loaded, and how to get more. */
export function useLibrary(view: LibraryView) {
  const business = useBusiness();
  const query = useInfiniteQuery(imageListQuery(business.id, view));
  const { data, fetchNextPage, isFetchingNextPage, isFetchNextPageError } = query;
  const images = useMemo(() => data?.pages.flatMap((page) => page.images) ?? [], [data]);
  const onMore = useCallback(() => {
    if (!isFetchingNextPage && !isFetchNextPageError) void fetchNextPage();
  }, [fetchNextPage, isFetchingNextPage, isFetchNextPageError]);
  return {
    query,
    images,
    total: data?.pages[0]?.total ?? 0,
    hasUncounted: data?.pages[0]?.total_capped ?? false,
    onMore,
  };
}
