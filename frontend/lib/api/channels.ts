import { queryOptions } from "@tanstack/react-query";
import { api } from "./client";
import type { Channel } from "./types";

/** Every channel of a business, with its health and its platform's rules. */
export const channelsQuery = (businessId: number) =>
  queryOptions({
    queryKey: ["channels", businessId],
    queryFn: async ({ signal }) => {
      const answer = await api.get<{ channels: Channel[] }>("/channels", {
        query: { business_id: businessId },
        signal,
      });
      return answer.channels;
    },
    staleTime: 60_000,
    // A new business gets its practice channels in its first seconds.
    refetchInterval: ({ state }) => (state.data?.length === 0 ? 4_000 : false),
  });
