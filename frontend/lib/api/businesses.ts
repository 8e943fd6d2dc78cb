import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "./client";
import { sessionQuery } from "./session";
import type {
  Business,
  BusinessChange,
  BusinessCreate,
  Member,
  MemberAdd,
  Role,
  Style,
  StyleChange,
  StyleList,
} from "./types";

/** Makes a business of one's own; it is among one's businesses at once. */
export function useMakeBusiness() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ business, key }: { business: BusinessCreate; key: string }) =>
      api.post<Business>("/businesses", business, { idempotencyKey: key }),
    onSuccess: (made) => {
      queryClient.setQueryData(sessionQuery.queryKey, (session) =>
        session ? { ...session, businesses: [...session.businesses, made] } : session,
      );
    },
  });
}

/** Changes what a business is set to; the whole page shows it at once. */
export function useChangeBusiness(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (change: BusinessChange) =>
      api.patch<Business>(`/businesses/${businessId}`, change),
    onSuccess: (changed) => {
      queryClient.setQueryData(sessionQuery.queryKey, (session) =>
        session
          ? {
              ...session,
              businesses: session.businesses.map((it) => (it.id === changed.id ? changed : it)),
            }
          : session,
      );
      // What may still be spent is a matter of the limit.
      void queryClient.invalidateQueries({ queryKey: ["generations", businessId, "options"] });
    },
  });
}

/** The styles of a business, the built-in ones first. */
export const stylesQuery = (businessId: number) =>
  queryOptions({
    queryKey: ["styles", businessId],
    queryFn: async ({ signal }): Promise<Style[]> =>
      (await api.get<StyleList>(`/businesses/${businessId}/styles`, { signal })).styles,
  });

/** Replaces all that the business says itself about styles. */
export function useChangeStyles(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (styles: readonly StyleChange[]) =>
      (await api.put<StyleList>(`/businesses/${businessId}/styles`, { styles })).styles,
    onSuccess: (styles) => {
      queryClient.setQueryData(stylesQuery(businessId).queryKey, styles);
      void queryClient.invalidateQueries({ queryKey: ["generations", businessId, "options"] });
    },
  });
}

/** Everybody in a business, oldest first. */
export const membersQuery = (businessId: number) =>
  queryOptions({
    queryKey: ["members", businessId],
    queryFn: async ({ signal }) => {
      const path = `/businesses/${businessId}/members`;
      return (await api.get<{ members: Member[] }>(path, { signal })).members;
    },
  });

/** Takes in somebody who has an account. */
export function useAddMember(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ member, key }: { member: MemberAdd; key: string }) =>
      api.post<Member>(`/businesses/${businessId}/members`, member, { idempotencyKey: key }),
    onSuccess: (added) => {
      queryClient.setQueryData(membersQuery(businessId).queryKey, (members) =>
        members ? [...members, added] : members,
      );
    },
  });
}

/** Gives a member another role. Who changes their own gets to see less, or more, at once. */
export function useChangeRole(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ userId, role }: { userId: number; role: Role }) =>
      api.patch<Member>(`/businesses/${businessId}/members/${userId}`, { role }),
    onSuccess: (changed) => {
      queryClient.setQueryData(membersQuery(businessId).queryKey, (members) =>
        members?.map((it) => (it.user_id === changed.user_id ? changed : it)),
      );
      return queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey });
    },
  });
}

/** Ends a membership: somebody else's, or one's own. */
export function useRemoveMember(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (userId: number) =>
      api.delete<unknown>(`/businesses/${businessId}/members/${userId}`),
    onSuccess: (_answer, userId) => {
      queryClient.setQueryData(membersQuery(businessId).queryKey, (members) =>
        members?.filter((it) => it.user_id !== userId),
      );
      return queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey });
    },
  });
}
