import { queryOptions } from "@tanstack/react-query";
import { api } from "./client";
import type { UploadOptions } from "./types";

/** What can be uploaded into the library of a business, and how. */
export const uploadOptionsQuery = (businessId: number) =>
  queryOptions({
    queryKey: ["upload-options", businessId],
    queryFn: ({ signal }) =>
      api.get<UploadOptions>("/images/upload-options", {
        query: { business_id: businessId },
        signal,
      }),
    staleTime: 10 * 60_000,
  });
