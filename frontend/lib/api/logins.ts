import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { channelsQuery } from "./channels";
import { api } from "./client";
import type { AccountChoice, Channel, LoginAttempt, MetaLogin, Platform } from "./types";

/** The logins of Meta's that this server has. */
export const loginsQuery = (businessId: number) =>
  queryOptions({
    queryKey: ["logins", businessId],
    queryFn: async ({ signal }) => {
      const answer = await api.get<{ logins: MetaLogin[] }>("/channels", {
        query: { business_id: businessId },
        signal,
      });
      return answer.logins;
    },
    staleTime: Number.POSITIVE_INFINITY,
  });

/** What a login brought: accounts to choose from, or what went wrong. Gone after a quarter of an hour. */
export const attemptQuery = (attemptId: number) =>
  queryOptions({
    queryKey: ["login-attempts", attemptId],
    queryFn: ({ signal }) =>
      api.get<LoginAttempt>(`/channels/meta/attempts/${attemptId}`, { signal }),
    retry: false,
    staleTime: 60_000,
  });

interface LoginWish {
  login: Platform;
  /** Asks anew for what was declined. */
  again?: boolean;
  /** The channel that is to be connected again. */
  channelId?: number | undefined;
}

/** Leaves for Meta's page. */
export function useBeginLogin(businessId: number) {
  return useMutation({
    mutationFn: ({ login, again = false, channelId }: LoginWish) =>
      api.get<{ authorize_url: string }>("/channels/meta/authorize", {
        query: { business_id: businessId, login, again, channel_id: channelId },
      }),
    onSuccess: ({ authorize_url }) => window.location.assign(authorize_url),
  });
}

/** Connects the chosen accounts; those that are connected already are renewed. */
export function useChooseAccounts(attempt: LoginAttempt) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ choices, key }: { choices: AccountChoice[]; key: string }) =>
      api.post<{ channels: Channel[] }>(
        `/channels/meta/attempts/${attempt.id}`,
        {
          accounts: choices.map(({ platform, external_id }) => ({ platform, external_id })),
        },
        { idempotencyKey: key },
      ),
    onSuccess: () =>
      queryClient.invalidateQueries({ queryKey: channelsQuery(attempt.business_id).queryKey }),
  });
}
