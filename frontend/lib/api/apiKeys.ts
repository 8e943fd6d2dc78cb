import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "./client";
import type { ApiKey, ApiKeyList, ApiKeyMade, ApiKeyMake } from "./types";

/** The keys of a business that the person may see, newest first. */
export const apiKeysQuery = (businessId: number) =>
  queryOptions({
    queryKey: ["api-keys", businessId],
    queryFn: async ({ signal }): Promise<ApiKey[]> =>
      (await api.get<ApiKeyList>("/api-keys", { query: { business_id: businessId }, signal }))
        .api_keys,
  });

/** Makes a key. Its secret is in the answer, and nowhere else. */
export function useMakeApiKey(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (wish: Omit<ApiKeyMake, "business_id">) =>
      api.post<ApiKeyMade>("/api-keys", { ...wish, business_id: businessId }),
    onSuccess: ({ api_key }) => {
      queryClient.setQueryData(apiKeysQuery(businessId).queryKey, (keys) =>
        keys ? [api_key, ...keys] : keys,
      );
    },
    // An answer that was lost leaves a key whose secret nobody has: it is listed, and can be revoked.
    onSettled: () => void queryClient.invalidateQueries(apiKeysQuery(businessId)),
  });
}

/** Revokes a key: what uses it is refused from then on. */
export function useRevokeApiKey(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (keyId: number) => api.delete<unknown>(`/api-keys/${keyId}`),
    onSuccess: (_answer, keyId) => {
      queryClient.setQueryData(apiKeysQuery(businessId).queryKey, (keys) =>
        keys?.filter(({ id }) => id !== keyId),
      );
    },
  });
}
