import { useQueries, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { channelsQuery } from "@/lib/api/channels";
import { ApiError } from "@/lib/api/client";
import { imageQuery } from "@/lib/api/images";
import { postQuery } from "@/lib/api/posts";
import type { Channel, Post } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { firstChoice } from "./channelChoice";
import { EMPTY_DRAFT, fromLibrary, fromPost } from "./draft";
import type { WritingStart } from "./useWriting";

type Start =
  | { state: "loading" }
  | { state: "error"; error: Error; again: () => void }
  | { state: "sent"; post: Post }
  | { state: "write"; start: WritingStart; channels: readonly Channel[] };

/** Everything that has to be there before the first letter is written. */
export function useStart(postId: number | null, imageIds: readonly number[]): Start {
  const business = useBusiness();
  const channels = useQuery(channelsQuery(business.id));
  const post = useQuery({
    ...postQuery(business.id, postId ?? 0),
    enabled: postId !== null,
    // A draft is opened as it stands now, not as some list remembers it.
    staleTime: 0,
    refetchOnWindowFocus: false,
  });
  const images = useQueries({
    queries: imageIds.map((id) => ({
      ...imageQuery(business.id, id),
      refetchOnWindowFocus: false,
    })),
  });
  const [started, setStarted] = useState<Start | null>(null);
  if (started?.state === "write") {
    return { ...started, channels: channels.data ?? started.channels };
  }
  if (started) return started;

  // An image that is gone by now is left out; the rest of the post is still worth writing.
  const failed = [channels, ...(postId === null ? [] : [post]), ...images].filter(
    ({ error }) =>
      error && !(error instanceof ApiError && error.status === 404 && error !== post.error),
  );
  if (failed[0]?.error) {
    return {
      state: "error",
      error: failed[0].error,
      again: () => {
        for (const query of failed) void query.refetch();
      },
    };
  }
  const isWaiting =
    channels.isPending ||
    (postId !== null && (post.isPending || !post.isFetchedAfterMount)) ||
    images.some(({ isPending }) => isPending);
  if (isWaiting || !channels.data) return { state: "loading" };

  const next: Start =
    postId !== null && post.data
      ? post.data.state === "draft"
        ? {
            state: "write",
            start: { postId, draft: fromPost(post.data) },
            channels: channels.data,
          }
        : { state: "sent", post: post.data }
      : {
          state: "write",
          start: {
            postId: null,
            draft: {
              ...EMPTY_DRAFT,
              channelIds: firstChoice(business.id, channels.data),
              images: images.flatMap(({ data }) => (data ? [fromLibrary(data)] : [])),
            },
          },
          channels: channels.data,
        };
  setStarted(next);
  return next;
}
