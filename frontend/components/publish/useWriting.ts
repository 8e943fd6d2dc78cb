import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useReducer, useState } from "react";
import { showPost } from "@/lib/api/posts";
import type { Channel, Post } from "@/lib/api/types";
import { rememberChoice } from "./channelChoice";
import { changeDraft, changesSince, type Draft, hasText, isWorthKeeping, onlyOn } from "./draft";
import { PostKeeper } from "./postKeeper";

export interface WritingStart {
  /** A draft that is kept already; null for a new post. */
  postId: number | null;
  draft: Draft;
}

interface WritingOptions {
  /** A new post has been kept for the first time. */
  onKept: (postId: number) => void;
  /** It is on its way, or scheduled. */
  onSent: (post: Post) => void;
}

/** The post that is being written, and the three things that can be done with it. */
export function useWriting(
  businessId: number,
  start: WritingStart,
  channels: readonly Channel[],
  { onKept, onSent }: WritingOptions,
) {
  const queryClient = useQueryClient();
  const [written, dispatch] = useReducer(changeDraft, start.draft);
  const draft = useMemo(() => onlyOn(written, channels), [written, channels]);
  const [keeper] = useState(() => new PostKeeper(businessId, start.postId, start.draft));
  // What the keeper has, as state: the screen follows it.
  const [kept, setKept] = useState({ id: keeper.id, draft: keeper.kept });
  const [isSaved, setSaved] = useState(false);

  const follow = () => {
    setKept({ id: keeper.id, draft: keeper.kept });
    if (keeper.id !== null && kept.id === null) onKept(keeper.id);
  };
  const save = useMutation({
    mutationFn: (latest: Draft) => keeper.keep(latest),
    onSuccess: (post, { channelIds }) => {
      if (post) showPost(queryClient, post);
      rememberChoice(businessId, channels, channelIds);
      setSaved(true);
    },
    onSettled: follow,
  });
  const sent = (post: Post) => {
    showPost(queryClient, post);
    rememberChoice(businessId, channels, draft.channelIds);
    onSent(post);
  };
  const publish = useMutation({
    mutationFn: (latest: Draft) => keeper.publish(latest),
    onSuccess: sent,
    onSettled: follow,
  });
  const schedule = useMutation({
    mutationFn: (asked: { draft: Draft; at: string }) => keeper.schedule(asked.draft, asked.at),
    onSuccess: sent,
    onSettled: follow,
  });

  const isNew = kept.id === null;
  const hasChanged = changesSince(kept.draft, draft) !== null;
  const isEmpty = !hasText(draft) && draft.images.length === 0;
  return {
    draft,
    dispatch,
    save,
    publish,
    schedule,
    /** What the last of saving and publishing came to, where it did not work; scheduling says it itself. */
    trouble:
      save.isPending || publish.isPending
        ? null
        : save.submittedAt > publish.submittedAt
          ? save.error
          : publish.error,
    isBusy: save.isPending || publish.isPending || schedule.isPending,
    /** It is about to leave: what is written does not change any more. */
    isSending: publish.isPending || schedule.isPending,
    /** The post stands on the server, as it is here. */
    isKept: !isNew && !hasChanged,
    isNew,
    isEmpty,
    /** It was kept in this session, and not changed since. */
    isJustSaved: isSaved && !isNew && !hasChanged,
    canSave: isNew ? !isEmpty : hasChanged,
    ownId: () => keeper.id,
    /** Read at the moment of leaving, when a request may have just ended. */
    hasUnsaved: () => isWorthKeeping(keeper.kept, draft),
  };
}

export type Writing = ReturnType<typeof useWriting>;
