import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useReducer, useState } from "react";
import { showPost } from "@/lib/api/posts";
import type { Post } from "@/lib/api/types";
import { changeDraft, changesSince, type Draft, hasText, isWorthKeeping } from "./draft";
import { PostKeeper } from "./postKeeper";

export interface WritingStart {
  /** A draft that is kept already; null for a new post. */
  postId: number | null;
  draft: Draft;
}

interface WritingOptions {
  /** A new post has been kept for the first time. */
  onKept: (postId: number) => void;
  onPublished: (post: Post) => void;
}

/** The post that is being written, and the two things that can be done with it. */
export function useWriting(
  businessId: number,
  start: WritingStart,
  { onKept, onPublished }: WritingOptions,
) {
  const queryClient = useQueryClient();
  const [draft, dispatch] = useReducer(changeDraft, start.draft);
  const [keeper] = useState(() => new PostKeeper(businessId, start.postId, start.draft));
  // What the keeper has, as state: the screen follows it.
  const [kept, setKept] = useState({ id: keeper.id, draft: keeper.kept });
  const [isSaved, setSaved] = useState(false);

  const follow = () => {
    setKept({ id: keeper.id, draft: keeper.kept });
    if (keeper.id !== null && kept.id === null) onKept(keeper.id);
  };
  const save = useMutation({
    mutationFn: (written: Draft) => keeper.keep(written),
    onSuccess: (post) => {
      if (post) showPost(queryClient, post);
      setSaved(true);
    },
    onSettled: follow,
  });
  const publish = useMutation({
    mutationFn: (written: Draft) => keeper.publish(written),
    onSuccess: (post) => {
      showPost(queryClient, post);
      onPublished(post);
    },
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
    /** What the last of the two came to, where it did not work. */
    trouble:
      save.isPending || publish.isPending
        ? null
        : save.submittedAt > publish.submittedAt
          ? save.error
          : publish.error,
    isBusy: save.isPending || publish.isPending,
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
