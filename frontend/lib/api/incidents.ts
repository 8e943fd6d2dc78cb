import { queryOptions } from "@tanstack/react-query";
import { api } from "./client";
import type { Hold } from "./types";

/** A pause that the platform itself has asked for grows when it is broken. */
export function canBeTried({ code, channel_id }: Hold): boolean {
  return channel_id !== null && code === "daily_limit_reached";
}

/** What keeps posts of a business from going out now, the longest-standing first. */
export const incidentsQuery = (businessId: number) =>
  queryOptions({
    queryKey: ["incidents", businessId],
    queryFn: async ({ signal }) => {
      const answer = await api.get<{ incidents: Hold[] }>("/publications/incidents", {
        query: { business_id: businessId },
        signal,
      });
      return answer.incidents;
    },
    staleTime: 0,
    // One that is on may end at any moment.
    refetchInterval: ({ state }) => (state.data?.length ? 5_000 : 60_000),
  });
