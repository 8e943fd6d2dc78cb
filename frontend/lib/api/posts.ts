import {
  infiniteQueryOptions,
  keepPreviousData,
  type QueryClient,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { channelsQuery, showChannels } from "./channels";
import { api } from "./client";
import { imagesKey } from "./images";
import type {
  Post,
  PostAnswer,
  PostChange,
  PostCheck,
  PostInput,
  PostList,
  PostState,
  PostSummary,
  Publication,
  Settlement,
} from "./types";

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
      state.data?.posts.some((post) => post.state === "publishing")
        ? 2_000
        : untilDue(state.data?.posts ?? []),
  });

/** The newest few posts in one state. */
export const postsInStateQuery = (businessId: number, state: PostState, limit: number) =>
  queryOptions({
    queryKey: [...postsKey(businessId), "in-state", state, limit],
    queryFn: ({ signal }) =>
      api.get<PostList>("/posts", { query: { business_id: businessId, state, limit }, signal }),
  });

/** In the order in which a person has to know of them; of each a few. */
const ON_THE_WAY = ["unconfirmed", "failed", "publishing", "scheduled"] as const;
const OF_EACH = 5;

/** The newest posts that need a person or are on their way, and those that go out next, however old. */
export const goingOutQuery = (businessId: number) =>
  queryOptions({
    queryKey: [...postsKey(businessId), "going-out"],
    queryFn: async ({ signal }) => {
      const lists = await Promise.all(
        ON_THE_WAY.map((state) =>
          api.get<PostList>("/posts", {
            query: { business_id: businessId, state, limit: OF_EACH },
            signal,
          }),
        ),
      );
      const found = new Map(lists.flatMap(({ posts }) => posts).map((post) => [post.id, post]));
      return [...found.values()];
    },
    refetchInterval: ({ state: { data } }) =>
      data?.some((post) => post.state === "publishing") ? 2_000 : untilDue(data ?? []),
  });

const PAGE_SIZE = 25;

/** Posts page by page, newest first, scheduled ones soonest first; all of them, or those of which something is in `state`. */
export const postListQuery = (businessId: number, state: PostState | undefined) =>
  infiniteQueryOptions({
    queryKey: [...postsKey(businessId), "list", state ?? "all"],
    queryFn: ({ pageParam, signal }) =>
      api.get<PostList>("/posts", {
        query: { business_id: businessId, state, limit: PAGE_SIZE, cursor: pageParam },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    // What moves by itself is looked at until it rests; a wait for a platform less often.
    refetchInterval: ({ state: { data } }) => {
      const posts = data?.pages.flatMap((page) => page.posts) ?? [];
      const states = new Set(posts.flatMap((post) => statesOf(post)));
      const isAsked = posts.some((post) => post.publications.some(isLookedUpNow));
      if (states.has("publishing") || isAsked) return 1_500;
      return states.has("unconfirmed") ? 10_000 : untilDue(posts);
    },
  });

/** Somebody has asked for another look at the platform, which has not come to an end. */
export function isLookedUpNow({ state, history }: Publication): boolean {
  const last = history.at(-1)?.code ?? "";
  return state === "unconfirmed" && ["looking_again", "looking_first"].includes(last);
}

/** Milliseconds until the first of the scheduled posts begins to go out; false where none is near. */
export function untilDue(posts: readonly PostSummary[]): number | false {
  const due = posts
    .filter((post) => post.scheduled_at && statesOf(post).includes("scheduled"))
    .map((post) => Date.parse(post.scheduled_at ?? "") - Date.now());
  const first = Math.min(...due);
  return first < NEAR ? Math.max(first + 1_000, 2_000) : false;
}

/** What is further away is looked at anew when somebody comes back to the page. */
const NEAR = 12 * 60 * 60_000;

function statesOf(post: PostSummary): Publication["state"][] {
  return post.publications.map((publication) => publication.state);
}

/** One post with its publications and their history. */
export const postQuery = (businessId: number, postId: number) =>
  queryOptions({
    queryKey: [...postsKey(businessId), "one", postId],
    queryFn: ({ signal }) => api.get<Post>(`/posts/${postId}`, { signal }),
  });

/** What is checked of a post: alt texts and the moment make no difference to the files. */
export type CheckInput = Required<Pick<PostInput, "content_text" | "channel_ids" | "images">> &
  Pick<PostInput, "texts" | "ai_label" | "first_comment">;

/**
 * What each chosen channel would say, and the very files that it would get: the server makes them
 * now. While another version is looked at, the answer before stays.
 */
export const postCheckQuery = (businessId: number, input: CheckInput) =>
  queryOptions({
    // Not below postsKey: publishing and saving change nothing about it.
    queryKey: ["post-check", businessId, input],
    queryFn: ({ signal }) =>
      api.post<PostCheck>(
        "/posts/check",
        { ...input, business_id: businessId } satisfies PostInput,
        { signal },
      ),
    placeholderData: keepPreviousData,
    staleTime: 5 * 60_000,
    gcTime: 5 * 60_000,
    refetchOnWindowFocus: false,
  });

/** Keeps a draft. The same key and body again give the same post. */
export async function createPost(input: PostInput, idempotencyKey: string): Promise<Post> {
  const { post } = await api.post<PostAnswer>("/posts", input, { idempotencyKey });
  return post;
}

/** Changes a draft; what is left out stays as it is. */
export async function changePost(postId: number, change: PostChange): Promise<Post> {
  const { post } = await api.patch<PostAnswer>(`/posts/${postId}`, change);
  return post;
}

/** Sends a draft to its channels. Sending it twice changes nothing. */
export async function publishPost(postId: number, idempotencyKey: string): Promise<Post> {
  const { post } = await api.post<PostAnswer>(`/posts/${postId}/publish`, undefined, {
    idempotencyKey,
  });
  return post;
}

/** Schedules a draft, or a scheduled post for another time. `at` is RFC 3339. */
export async function schedulePost(postId: number, at: string): Promise<Post> {
  const { post } = await api.post<PostAnswer>(`/posts/${postId}/schedule`, { scheduled_at: at });
  return post;
}

/** What can be done with a scheduled post until its time has come. */
export type ScheduledStep =
  | { step: "schedule"; postId: number; at: string }
  | { step: "publish"; postId: number; key: string }
  | { step: "unschedule"; postId: number };

/** Moves a scheduled post, sends it now, or makes it a draft again. */
export function useScheduledStep() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (asked: ScheduledStep) => {
      if (asked.step === "schedule") return await schedulePost(asked.postId, asked.at);
      if (asked.step === "publish") return await publishPost(asked.postId, asked.key);
      const { post } = await api.post<PostAnswer>(`/posts/${asked.postId}/unschedule`);
      return post;
    },
    onSuccess: (post) => showPost(queryClient, post),
  });
}

/** Puts a post where it is looked at, and makes the lists that show it old. */
export function showPost(queryClient: QueryClient, post: Post): void {
  queryClient.setQueryData(postQuery(post.business_id, post.id).queryKey, post);
  void queryClient.invalidateQueries({
    queryKey: postsKey(post.business_id),
    predicate: ({ queryKey }) => queryKey[2] !== "one",
  });
  showChannels(queryClient, post.business_id);
}

/** After something went out: its images count one use more. */
export function showUses(queryClient: QueryClient, businessId: number): void {
  void queryClient.invalidateQueries({ queryKey: imagesKey(businessId) });
}

/** Takes a post off the list. What is published stays so on the platform. */
export function useDeletePost(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (postId: number) => api.delete<unknown>(`/posts/${postId}`),
    onSuccess: async (_answer, postId) => {
      queryClient.removeQueries({ queryKey: postQuery(businessId, postId).queryKey });
      await queryClient.invalidateQueries({ queryKey: postsKey(businessId) });
      showUses(queryClient, businessId);
    },
  });
}

/**
 * Keeps a draft with the same text, images and channels as a post that cannot be changed any more.
 * Channels that are no longer connected are left out.
 */
export function useCopyPost() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ post: { id }, key }: { post: PostSummary; key: string }) => {
      // A list tells less of it than there is to copy.
      const post = await api.get<Post>(`/posts/${id}`);
      const channels = await queryClient.ensureQueryData(channelsQuery(post.business_id));
      const connected = new Set(channels.map(({ id }) => id));
      return await createPost(
        {
          business_id: post.business_id,
          content_text: post.content_text,
          images: post.images.map(
            ({ image_id, alt_text, framing, focus, background, user_tags }) => ({
              image_id,
              alt_text,
              framing,
              focus,
              background,
              user_tags,
            }),
          ),
          channel_ids: post.channel_ids.filter((id) => connected.has(id)),
          texts: post.texts.filter(({ channel_id }) => connected.has(channel_id)),
          ai_label: post.ai_label,
          first_comment: post.first_comment,
        },
        key,
      );
    },
    onSuccess: (post) => showPost(queryClient, post),
  });
}

/** A person says what became of an unclear publication; nothing is sent by that. */
export function useSettlePublication() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, ...settlement }: Settlement & { id: number }) => {
      const { post } = await api.post<PostAnswer>(`/publications/${id}/confirm`, settlement);
      return post;
    },
    onSuccess: (post) => {
      showPost(queryClient, post);
      showUses(queryClient, post.business_id);
    },
  });
}

/** `retry` sends a failed publication again; `confirm` looks once more whether one went out. */
export function usePublicationStep() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, step }: { id: number; step: "retry" | "confirm" }) => {
      const { post } = await api.post<PostAnswer>(`/publications/${id}/${step}`);
      return post;
    },
    onSuccess: (post) => showPost(queryClient, post),
  });
}
