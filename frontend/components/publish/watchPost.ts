import type { QueryClient } from "@tanstack/react-query";
import { placeName } from "@/components/channels/placeName";
import { type ToastOptions, toast } from "@/components/ui/Toast";
import { ApiError } from "@/lib/api/client";
import { postQuery, showPost, showUses } from "@/lib/api/posts";
import type { Post } from "@/lib/api/types";
import { hasSettled, listed, nextLookIn } from "./progress";

const watched = new Map<number, AbortController>();
const PATIENCE = 15 * 60_000;

/**
 * Looks at a post that goes out while nobody shows it, and says how it ended. Ends with the page;
 * publishing does not.
 */
export function watchPost(queryClient: QueryClient, post: Post, onLook: () => void): void {
  stopWatching(post.id);
  const control = new AbortController();
  watched.set(post.id, control);
  void follow(queryClient, post, onLook, control.signal).finally(() => {
    if (watched.get(post.id) === control) watched.delete(post.id);
  });
}

/** Somebody looks at it again. */
export function stopWatching(postId: number): void {
  watched.get(postId)?.abort();
  watched.delete(postId);
}

async function follow(
  queryClient: QueryClient,
  { id, business_id }: Post,
  onLook: () => void,
  signal: AbortSignal,
): Promise<void> {
  const begin = Date.now();
  let post: Post | undefined;
  while (!signal.aborted && Date.now() - begin < PATIENCE) {
    const pause = nextLookIn(post, Date.now() - begin);
    await new Promise((resolve) => setTimeout(resolve, pause || 1_000));
    if (signal.aborted) return;
    try {
      post = await queryClient.fetchQuery({
        ...postQuery(business_id, id),
        staleTime: 0,
        retry: 0,
      });
    } catch (error) {
      // No answer is no news. A no means that it is not ours to look at any more.
      if (error instanceof ApiError && error.isNetwork) continue;
      return;
    }
    if (hasSettled(post)) break;
  }
  if (signal.aborted || !post || !hasSettled(post)) return;
  showPost(queryClient, post);
  showUses(queryClient, business_id);
  toast(outcome(post, onLook));
}

/** How it ended, the worst first, with the way there. */
export function outcome(post: Post, onLook: () => void): ToastOptions {
  const inState = (state: string) => post.publications.filter((it) => it.state === state);
  const places = (state: string) => listed(inState(state).map(placeName));
  const look = { label: "See it in Posts", onPress: onLook };
  if (inState("failed").length) {
    return {
      tone: "bad",
      title: `Not published on ${places("failed")}`,
      description: inState("failed")[0]?.error?.detail ?? "Nothing is lost.",
      action: look,
      timeout: 0,
    };
  }
  if (inState("unconfirmed").length) {
    return {
      tone: "bad",
      title: `It is not clear whether your post is on ${places("unconfirmed")}`,
      description: "We look there again and send nothing twice.",
      action: look,
      timeout: 0,
    };
  }
  const [linked] = inState("published").filter(({ permalink }) => permalink);
  return {
    title: `Published on ${places("published")}`,
    ...(linked?.permalink
      ? { link: { label: `See it on ${placeName(linked)}`, href: linked.permalink } }
      : { action: look }),
  };
}
