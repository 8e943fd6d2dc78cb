import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, apiUrl } from "./client";
import type { Usage } from "./types";

/** The head of every key of the ledger of a business. */
export const usageKey = (businessId: number) => ["usage", businessId] as const;

const readUsage = (
  businessId: number,
  month: string | undefined,
  limit: number,
  cursor: string | null,
  signal: AbortSignal,
) => api.get<Usage>("/usage", { query: { business_id: businessId, month, limit, cursor }, signal });

/** What AI images came to this month, without the single entries. */
export const usageQuery = (businessId: number) =>
  queryOptions({
    queryKey: [...usageKey(businessId), "now"],
    queryFn: ({ signal }) => readUsage(businessId, undefined, 1, null, signal),
  });

/** A month of the ledger, `2026-11`, page by page; the current one where none is given. */
export const monthQuery = (businessId: number, month: string | undefined) =>
  infiniteQueryOptions({
    queryKey: [...usageKey(businessId), "month", month ?? "now"],
    queryFn: ({ pageParam, signal }) => readUsage(businessId, month, 20, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next_cursor }) => next_cursor,
  });

/** The address of a month's entries as a file for spreadsheets. */
export function usageFileUrl(businessId: number, month: string): string {
  return apiUrl("/usage/export.csv", { business_id: businessId, month });
}
