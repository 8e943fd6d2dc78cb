import {
  type InfiniteData,
  infiniteQueryOptions,
  type QueryClient,
  type QueryKey,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { api } from "./client";
import type { Image, ImageChange, ImageDetail, ImageList, LibraryTotals } from "./types";

/** The head of every image key of a business: invalidating it refreshes all that shows images. */
export const imagesKey = (businessId: number) => ["images", businessId] as const;

/** How many images the library holds, and their bytes. */
export const libraryTotalsQuery = (businessId: number) =>
  queryOptions({
    queryKey: [...imagesKey(businessId), "totals"],
    queryFn: ({ signal }) =>
      api.get<LibraryTotals>("/images/totals", { query: { business_id: businessId }, signal }),
  });

/** The newest few images. */
export const newestImagesQuery = (businessId: number, limit: number) =>
  queryOptions({
    queryKey: [...imagesKey(businessId), "newest", limit],
    queryFn: ({ signal }) =>
      api.get<ImageList>("/images/list", { query: { business_id: businessId, limit }, signal }),
  });

export type ImageFilter = "uploaded" | "ai_generated" | "unused" | "trashed";
export type ImageSort = "created_at_desc" | "created_at_asc" | "most_used";

/** Which images, and in which order. What is missing is the default: all of them, newest first. */
export interface LibraryView {
  filter?: ImageFilter | undefined;
  sort?: ImageSort | undefined;
  search?: string | undefined;
}

type Pages = InfiniteData<ImageList, string | null>;

const PAGE_SIZE = 60;
const listsKey = (businessId: number) => [...imagesKey(businessId), "list"] as const;

/** The library, page by page. While another view of it loads, the one before stays. */
export const imageListQuery = (businessId: number, view: LibraryView = {}) => {
  const { filter = null, sort = "created_at_desc", search = "" } = view;
  return infiniteQueryOptions({
    queryKey: [...listsKey(businessId), { filter, sort, search: search.trim() }],
    queryFn: ({ pageParam, signal }) =>
      api.get<ImageList>("/images/list", {
        query: {
          business_id: businessId,
          limit: PAGE_SIZE,
          filter,
          sort,
          search: search.trim(),
          cursor: pageParam,
        },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: (previous: Pages | undefined, query) =>
      query?.queryKey[1] === businessId ? previous : undefined,
    // Comparing thousands of images with themselves, page after page, would be felt while scrolling.
    structuralSharing: false,
    // A long list is read again from its beginning, page by page: not for a glance at another tab.
    refetchOnWindowFocus: (query) => (query.state.data?.pages.length ?? 0) <= 3,
  });
};

const detailKey = (businessId: number, imageId: number) =>
  [...imagesKey(businessId), "detail", imageId] as const;

/** One image and the posts that use it. */
export const imageQuery = (businessId: number, imageId: number) =>
  queryOptions({
    queryKey: detailKey(businessId, imageId),
    queryFn: ({ signal }) => api.get<ImageDetail>(`/images/${imageId}`, { signal }),
  });

/** An image that some list has loaded already, to show it before its details are there. */
export function findListedImage(
  queryClient: QueryClient,
  businessId: number,
  imageId: number,
): Image | undefined {
  for (const [, pages] of queryClient.getQueriesData<Pages>({ queryKey: listsKey(businessId) })) {
    for (const page of pages?.pages ?? []) {
      const found = page.images.find((image) => image.id === imageId);
      if (found) return found;
    }
  }
  return undefined;
}

interface ListIdentity {
  filter: ImageFilter | null;
  sort: ImageSort;
  search: string;
}

function editLists(
  queryClient: QueryClient,
  businessId: number,
  edit: (pages: Pages, list: ListIdentity) => Pages,
) {
  for (const [key, pages] of queryClient.getQueriesData<Pages>({
    queryKey: listsKey(businessId),
  })) {
    if (pages) queryClient.setQueryData<Pages>(key, edit(pages, identityOf(key)));
  }
}

function identityOf(key: QueryKey): ListIdentity {
  return key[3] as ListIdentity;
}

function belongsTo(image: Image, list: ListIdentity): boolean {
  if (list.search) return false;
  if (list.filter === "trashed") return false;
  if (list.filter === "uploaded") return !image.is_ai_generated;
  if (list.filter === "ai_generated") return image.is_ai_generated;
  if (list.filter === "unused") return image.usage_count === 0;
  return true;
}

/** Everything about images is old, but only what is short is read again at once. */
function refreshShort(queryClient: QueryClient, businessId: number) {
  const key = imagesKey(businessId);
  void queryClient.invalidateQueries({ queryKey: key, predicate: (q) => q.queryKey[2] !== "list" });
  void queryClient.invalidateQueries({ queryKey: listsKey(businessId), refetchType: "none" });
}

/**
 * Puts an image that has just come into the library where the lists in view would show it, so that
 * it is there at once and long lists need not be read again.
 */
export function showNewImage(queryClient: QueryClient, businessId: number, image: Image) {
  showNewImages(queryClient, businessId, [image]);
}

/** The same for several that came one after the other. */
export function showNewImages(
  queryClient: QueryClient,
  businessId: number,
  images: readonly Image[],
) {
  for (const image of images) putIntoLists(queryClient, businessId, image);
  refreshShort(queryClient, businessId);
}

function putIntoLists(queryClient: QueryClient, businessId: number, image: Image) {
  editLists(queryClient, businessId, (pages, list) => {
    if (!belongsTo(image, list)) return pages;
    if (pages.pages.some((page) => page.images.some(({ id }) => id === image.id))) return pages;
    const last = pages.pages.length - 1;
    const isComplete = pages.pages[last]?.next_cursor === null;
    const place = list.sort === "created_at_desc" ? 0 : isComplete ? last : -1;
    return {
      ...pages,
      pages: pages.pages.map((page, index) => ({
        ...page,
        total: page.total + 1,
        images:
          index !== place
            ? page.images
            : list.sort === "created_at_desc"
              ? [image, ...page.images]
              : [...page.images, image],
      })),
    };
  });
}

function takeOut(pages: Pages, imageId: number): Pages {
  if (!pages.pages.some((page) => page.images.some(({ id }) => id === imageId))) return pages;
  return {
    ...pages,
    pages: pages.pages.map((page) => ({
      ...page,
      total: Math.max(0, page.total - 1),
      images: page.images.filter(({ id }) => id !== imageId),
    })),
  };
}

/** Moves an image to the trash. It leaves the lists at once and comes back if that is refused. */
export function useDeleteImage(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (image: Image) => api.delete<unknown>(`/images/${image.id}`),
    onMutate: async (image) => {
      await queryClient.cancelQueries({ queryKey: listsKey(businessId) });
      const before = queryClient.getQueriesData<Pages>({ queryKey: listsKey(businessId) });
      editLists(queryClient, businessId, (pages) => takeOut(pages, image.id));
      return { before };
    },
    onError: (_error, _image, context) => {
      for (const [key, pages] of context?.before ?? []) queryClient.setQueryData(key, pages);
    },
    onSuccess: (_answer, image) => {
      queryClient.removeQueries({ queryKey: detailKey(businessId, image.id) });
      // Whoever shows the trash, or counts what is in it, may have asked before this was there.
      void queryClient.invalidateQueries({
        queryKey: listsKey(businessId),
        predicate: ({ queryKey }) => identityOf(queryKey).filter === "trashed",
      });
    },
    onSettled: () => refreshShort(queryClient, businessId),
  });
}

/** Brings an image back from the trash. */
export function useRestoreImage(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (image: Image) => api.post<Image>(`/images/${image.id}/restore`),
    // Where it stood among the others is the server's to say.
    onSuccess: () => queryClient.invalidateQueries({ queryKey: imagesKey(businessId) }),
  });
}

/** Removes an image of the trash for good. */
export function useRemoveImage(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (image: Image) =>
      api.delete<unknown>(`/images/${image.id}`, { query: { permanent: true } }),
    onSuccess: (_answer, image) =>
      editLists(queryClient, businessId, (pages) => takeOut(pages, image.id)),
    onSettled: () => refreshShort(queryClient, businessId),
  });
}

/** Changes what people wrote about an image: its name, alt text or tags. */
export function useChangeImage(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id, change }: { id: number; change: ImageChange }) =>
      api.patch<Image>(`/images/${id}`, change),
    onSuccess: (changed) => {
      queryClient.setQueryData<ImageDetail>(detailKey(businessId, changed.id), (detail) =>
        detail ? { ...detail, ...changed } : detail,
      );
      editLists(queryClient, businessId, (pages) => ({
        ...pages,
        pages: pages.pages.map((page) => ({
          ...page,
          images: page.images.map((image) => (image.id === changed.id ? changed : image)),
        })),
      }));
    },
  });
}
