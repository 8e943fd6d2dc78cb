import { type QueryClient, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "./client";
import { incidentsQuery } from "./incidents";
import type { Channel, ChannelConnect } from "./types";

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
    staleTime: 15_000,
    // A new business gets its practice channels in its first seconds.
    refetchInterval: ({ state }) => (state.data?.length === 0 ? 4_000 : false),
  });

/** Connects an account with a token, after its platform has confirmed it; one known already is renewed. */
export function useConnectChannel(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ channel, key }: { channel: Omit<ChannelConnect, "business_id">; key: string }) =>
      api.post<Channel>(
        "/channels",
        { ...channel, business_id: businessId },
        { idempotencyKey: key },
      ),
    onSuccess: () =>
      queryClient.invalidateQueries({ queryKey: channelsQuery(businessId).queryKey }),
  });
}

/** Asks the platform how a channel is, now. */
export function useCheckChannel(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (channelId: number) => api.post<Channel>(`/channels/${channelId}/check`),
    onSuccess: () =>
      queryClient.invalidateQueries({ queryKey: channelsQuery(businessId).queryKey }),
  });
}

/** Lets posts go out on a restricted or held channel ahead of time. */
export function useTryChannel(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (channelId: number) => api.post<Channel>(`/channels/${channelId}/try`),
    onSuccess: () => {
      showChannels(queryClient, businessId);
      void queryClient.invalidateQueries({ queryKey: ["posts", businessId] });
    },
  });
}

/** Makes what is known of channels old: what became of a post says how its channel is. */
export function showChannels(queryClient: QueryClient, businessId: number): void {
  void queryClient.invalidateQueries({ queryKey: channelsQuery(businessId).queryKey });
  void queryClient.invalidateQueries({ queryKey: incidentsQuery(businessId).queryKey });
}

/** Lets go of a channel. What was published on it stays. */
export function useDisconnectChannel(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (channelId: number) => api.delete<unknown>(`/channels/${channelId}`),
    onSuccess: () =>
      queryClient.invalidateQueries({ queryKey: channelsQuery(businessId).queryKey }),
  });
}
