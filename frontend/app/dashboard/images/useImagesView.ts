import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { ImagesSearch } from "./search";

/** What the library shows, kept in the address, and how to change it. */
export interface ImagesView extends ImagesSearch {
  /** Changes some of it; `isTyping` leaves no trail for the back button. */
  change: (change: Change, isTyping?: boolean) => void;
  /** Opens an image in the side panel, or closes the panel. */
  show: (imageId: number | undefined) => void;
}

type Change = { [Name in keyof ImagesSearch]?: ImagesSearch[Name] | undefined };

export function useImagesView(): ImagesView {
  const search = useSearch({ from: "/dashboard/images" });
  const navigate = useNavigate({ from: "/dashboard/images" });
  const { filter, sort, search: text, tag, image, generation } = search;
  const change = useCallback(
    (next: Change, replace = false) =>
      void navigate({
        search: (previous) => {
          const merged: Record<string, unknown> = { ...previous, ...next };
          for (const name of Object.keys(merged)) {
            if (merged[name] === undefined || merged[name] === "") delete merged[name];
          }
          return merged as ImagesSearch;
        },
        replace,
        resetScroll: false,
      }),
    [navigate],
  );
  return useMemo(
    () => ({
      ...(filter && { filter }),
      ...(sort && { sort }),
      ...(text && { search: text }),
      ...(tag && { tag }),
      ...(image !== undefined && { image }),
      ...(generation !== undefined && { generation }),
      change,
      // Opening is a step that *back* undoes; going from one image to the next is not.
      show: (imageId) => change({ image: imageId }, image !== undefined),
    }),
    [filter, sort, text, tag, image, generation, change],
  );
}
