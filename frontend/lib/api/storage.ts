import { useMutation } from "@tanstack/react-query";
import { api } from "./client";

/** What the storage can do. It `is_ok` when nothing failed; warnings leave it so. */
export interface StorageReport {
  provider: string;
  is_ok: boolean;
  checks: Array<{
    name: string;
    title: string;
    state: "ok" | "warning" | "failed" | "skipped";
    detail: string;
    fix: string;
  }>;
  documents: Array<{ title: string; content: string }>;
}

/** Tries all that the storage must do; takes several seconds. */
export function useCheckStorage(businessId: number) {
  return useMutation({
    mutationFn: () =>
      api.get<StorageReport>("/storage/check", { query: { business_id: businessId } }),
  });
}
