import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";

/**
 * What the New post modal works on, kept in the address: `compose` is "new" or the id of a draft,
 * `with` are images that a new post starts with. So it can be linked to, and *back* closes it.
 */
export interface ComposerSearch {
  compose?: "new" | number | undefined;
  with?: number[] | undefined;
}

/** Reads the two from an address; anything else is left out. */
export function parseComposerSearch(search: Record<string, unknown>): ComposerSearch {
  const compose =
    search.compose === "new"
      ? "new"
      : Number.isSafeInteger(search.compose)
        ? (search.compose as number)
        : undefined;
  const images = Array.isArray(search.with)
    ? search.with.filter((id): id is number => Number.isSafeInteger(id))
    : [];
  return {
    ...(compose === undefined ? {} : { compose }),
    ...(compose === "new" && images.length ? { with: images } : {}),
  };
}

export interface Composer {
  /** What the modal shows; undefined while it is closed. */
  request: { postId: number | null; imageIds: number[] } | undefined;
  /** Opens an empty post, or one that starts with these images. */
  openNew: (imageIds?: number[]) => void;
  /** Opens a draft. */
  openDraft: (postId: number) => void;
  /** What was a new post is kept now: the address names it, *back* does not return to an empty one. */
  settle: (postId: number) => void;
  close: () => void;
}

/** Opens and closes the New post modal from anywhere below the dashboard. */
export function useComposer(): Composer {
  const navigate = useNavigate();
  const search: ComposerSearch = useSearch({ strict: false });
  const go = useCallback(
    (next: ComposerSearch, replace = false) =>
      void navigate({
        to: ".",
        search: (previous: Record<string, unknown>) => ({
          ...previous,
          compose: next.compose,
          with: next.with,
        }),
        replace,
        resetScroll: false,
      } as never),
    [navigate],
  );
  return useMemo(
    () => ({
      request:
        search.compose === undefined
          ? undefined
          : {
              postId: search.compose === "new" ? null : search.compose,
              imageIds: search.with ?? [],
            },
      openNew: (imageIds = []) =>
        go({ compose: "new", with: imageIds.length ? imageIds : undefined }),
      openDraft: (postId) => go({ compose: postId }),
      settle: (postId) => go({ compose: postId }, true),
      close: () => go({}, true),
    }),
    [search.compose, search.with, go],
  );
}
