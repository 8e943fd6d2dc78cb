import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import {
  extentOf,
  type ImagePage,
  imageAt,
  imagesOf,
  indexOf,
  type Pages,
  pageOf,
} from "@/lib/api/imagePages";
import {
  forgetFarPages,
  imageListKey,
  imagePageQuery,
  knownPages,
  type LibraryView,
} from "@/lib/api/images";
import type { Image } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";

/** How many places there are, and what stands at each as far as it is known. */
export interface ImagePlaces {
  count: number;
  at: (index: number) => Image | undefined;
  /** -1 where the image is at no place that is known. */
  indexOf: (imageId: number) => number;
  /** Every image that is known, in order. */
  known: () => Image[];
}

export interface Library extends ImagePlaces {
  /** The same places as an object of its own, which changes only when they do. */
  places: ImagePlaces;
  total: number;
  /** There are more than `total`: a search is counted to a limit. */
  hasUncounted: boolean;
  /** Nothing is there to show yet. */
  isPending: boolean;
  /** Something of this view is known. */
  isKnown: boolean;
  /** What stands here is the view before, until this one has come. */
  isStale: boolean;
  isFetching: boolean;
  /** What is in view, or part of it, could not be read. */
  error: Error | null;
  retry: () => void;
  /** These places are in view: what is not known of them is read. */
  look: (first: number, last: number) => void;
  /** The image at a place, read first where it is not known. Undefined beyond the end. */
  find: (index: number) => Promise<Image | undefined>;
}

/** Pages kept on both sides of those in view. */
const NEAR = 8;

/** While the view flies over places, nothing is read until it rests for so long, in milliseconds. */
const REST = 90;

/** A view of the library: any part of it can be looked at first, and only what is near stays in memory. */
export function useLibrary(view: LibraryView): Library {
  const { id: businessId } = useBusiness();
  const queryClient = useQueryClient();
  const key = JSON.stringify(imageListKey(businessId, view));
  const [looked, setLooked] = useState({ key, pages: [1] });
  const pages = looked.key === key ? looked.pages : FIRST;

  const results = useQueries({
    queries: pages.map((number) => imagePageQuery(businessId, view, number)),
    combine: (all) => ({
      data: all.map((result) => result.data),
      error: all.find((result) => result.error)?.error ?? null,
      isFetching: all.some((result) => result.isFetching),
      refetch: all.map((result) => result.refetch),
    }),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is known changes with what has come
  const known = useMemo(
    () => knownPages(queryClient, businessId, view),
    [queryClient, key, results.data],
  );

  // While another view loads, the one before stays.
  const shown = useRef<{ businessId: number; pages: Pages } | null>(null);
  const isKnown = known.size > 0;
  if (isKnown) shown.current = { businessId, pages: known };
  const before = shown.current?.businessId === businessId ? shown.current.pages : null;
  const shownPages = isKnown ? known : before;

  const places = useMemo(() => {
    const pages = shownPages ?? new Map<number, ImagePage>();
    const newest =
      results.data.findLast((page) => page !== undefined) ?? [...pages.values()].at(-1);
    return {
      count: extentOf(pages),
      total: newest?.total ?? 0,
      hasUncounted: newest?.total_capped ?? false,
      at: (index: number) => imageAt(pages, index),
      indexOf: (imageId: number) => indexOf(pages, imageId),
      known: () => imagesOf(pages),
    };
  }, [shownPages, results.data]);

  useEffect(() => {
    const first = pages[0] ?? 1;
    const last = pages.at(-1) ?? 1;
    forgetFarPages(
      queryClient,
      businessId,
      view,
      (page) => page >= first - NEAR && page <= last + NEAR,
    );
  });

  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const look = useCallback(
    (first: number, last: number) => {
      clearTimeout(timer.current);
      const from = pageOf(Math.max(0, first));
      const wanted = Array.from(
        { length: pageOf(Math.max(0, last)) - from + 1 },
        (_, step) => from + step,
      );
      const settle = () =>
        setLooked((now) =>
          now.key === key && now.pages.join() === wanted.join() ? now : { key, pages: wanted },
        );
      const isNextTo = wanted.some((page) => pages.some((it) => Math.abs(it - page) <= 1));
      if (isNextTo) settle();
      else timer.current = setTimeout(settle, REST);
    },
    [key, pages],
  );

  return {
    ...places,
    places,
    isPending: shownPages === null && !results.error,
    isStale: !isKnown && shownPages !== null,
    isKnown,
    isFetching: results.isFetching,
    error: results.error,
    retry: () => {
      for (const refetch of results.refetch) void refetch();
    },
    look,
    find: async (index) => {
      const image = places.at(index);
      if (image || index < 0 || index >= places.count) return image;
      const number = pageOf(index);
      const page = await queryClient.fetchQuery(imagePageQuery(businessId, view, number));
      return imageAt(new Map([[number, page]]), index);
    },
  };
}

const FIRST = [1];
