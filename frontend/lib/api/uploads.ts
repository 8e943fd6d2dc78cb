import { queryOptions } from "@tanstack/react-query";
import { api } from "./client";

/** What this server takes, and which ways there are to it. */
export interface UploadOptions {
  max_bytes: number;
  min_side: number;
  max_side: number;
  mime_types: string[];
  /** How the store itself takes files; null where it does not. */
  direct: "post" | "put" | null;
  storage_provider: string;
}

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
