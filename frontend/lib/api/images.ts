import { queryOptions } from "@tanstack/react-query";
import { api } from "./client";
import type { ImageList, LibraryTotals } from "./types";

/** The head of every image key of a business: invalidating it refreshes all that shows images. */
export const imagesKey = (businessId: number) => ["images", businessId] as const;

/** How many images the library holds, and their bytes. */
export const libraryTotalsQuery = (businessId: number) =>
  queryOptions({
    queryKey: [...imagesKey(businessId), "totals"],
    queryFn: ({ signal }) =>
      api.get<LibraryTotals>("/images/totals", { query: { business_id: businessId }, signal }),
  });

/** The newest few images. */
export const newestImagesQuery = (businessId: number, limit: number) =>
  queryOptions({
    queryKey: [...imagesKey(businessId), "newest", limit],
    queryFn: ({ signal }) =>
      api.get<ImageList>("/images/list", { query: { business_id: businessId, limit }, signal }),
  });
