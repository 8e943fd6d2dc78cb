import { queryOptions } from "@tanstack/react-query";
import { api } from "./client";
import type { PostList, PostState } from "./types";

/** The head of every post key of a business: invalidating it refreshes all that shows posts. */
export const postsKey = (businessId: number) => ["posts", businessId] as const;

/** The newest posts of a business, whatever their state. */
export const recentPostsQuery = (businessId: number) =>
  queryOptions({
    queryKey: [...postsKey(businessId), "recent"],
    queryFn: ({ signal }) =>
      api.get<PostList>("/posts", { query: { business_id: businessId, limit: 50 }, signal }),
    // What is on its way is looked at again until it has arrived.
    refetchInterval: ({ state }) =>
      state.data?.posts.some((post) => post.state === "publishing") ? 2_000 : false,
  });

/** The newest few posts in one state. */
export const postsInStateQuery = (businessId: number, state: PostState, limit: number) =>
  queryOptions({
    queryKey: [...postsKey(businessId), "in-state", state, limit],
    queryFn: ({ signal }) =>
      api.get<PostList>("/posts", { query: { business_id: businessId, state, limit }, signal }),
  });
