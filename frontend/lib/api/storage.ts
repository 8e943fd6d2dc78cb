import { useMutation } from "@tanstack/react-query";
import { api } from "./client";
import type { StorageReport } from "./types";

/** Tries all that the storage must do; takes several seconds. */
export function useCheckStorage(businessId: number) {
  return useMutation({
    mutationFn: () =>
      api.get<StorageReport>("/storage/check", { query: { business_id: businessId } }),
  });
}
