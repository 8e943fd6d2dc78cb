import {
  keepPreviousData,
  type QueryClient,
  type QueryKey,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { api, apiUrl } from "./client";
import {
  type ImagePage,
  imageAt,
  indexOf,
  PAGE_SIZE,
  type Pages,
  putFirst,
  putLast,
  replaceImages,
  takeOut,
} from "./imagePages";
import type {
  BulkDeleted,
  BulkRestored,
  BulkTagged,
  Image,
  ImageChange,
  ImageDetail,
  ImageList,
  LibraryTotals,
  TagList,
} from "./types";

/** The head of every image key of a business: invalidating it refreshes all that shows images. */
export const imagesKey = (businessId: number) => ["images", businessId] as const;

/** How many images the library holds, of which kind, and their bytes. */
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

/** The tags of a business, most used first; those that hold `search`, where there is one. */
export const tagsQuery = (businessId: number, search = "") =>
  queryOptions({
    queryKey: [...imagesKey(businessId), "tags", search],
    queryFn: async ({ signal }) => {
      const { tags } = await api.get<TagList>("/images/tags", {
        query: { business_id: businessId, search },
        signal,
      });
      return tags;
    },
    placeholderData: keepPreviousData,
  });

export type ImageFilter = "uploaded" | "ai_generated" | "edited" | "unused" | "trashed";
export type ImageSort = "created_at_desc" | "created_at_asc" | "most_used";

/** Which images, and in which order. What is missing is the default: all of them, newest first. */
export interface LibraryView {
  filter?: ImageFilter | undefined;
  sort?: ImageSort | undefined;
  search?: string | undefined;
  /** Only images with this tag. */
  tag?: string | undefined;
}

interface ListIdentity {
  filter: ImageFilter | null;
  sort: ImageSort;
  search: string;
  tag: string;
}

const listsKey = (businessId: number) => [...imagesKey(businessId), "list"] as const;

/** The key of every page of one view of the library. */
export const imageListKey = (
  businessId: number,
  { filter, sort, search, tag }: LibraryView,
): readonly [...ReturnType<typeof listsKey>, ListIdentity] => [
  ...listsKey(businessId),
  {
    filter: filter ?? null,
    sort: sort ?? "created_at_desc",
    search: search?.trim() ?? "",
    tag: tag ?? "",
  },
];

/** Page numbers above this one cost the server what it takes to count to them. */
const LAST_QUICK_PAGE = 1000;

/** How long a page that nobody looks at is kept, in milliseconds. */
const KEPT_FOR = 60_000;

/** One page of a view of the library, by its number: any of them can be read first. */
export const imagePageQuery = (businessId: number, view: LibraryView, number: number) => {
  const key = imageListKey(businessId, view);
  const { filter, sort, search, tag } = key[3];
  return queryOptions({
    queryKey: [...key, number],
    queryFn: ({ client, signal }): Promise<ImagePage> => {
      const before =
        number > LAST_QUICK_PAGE ? client.getQueryData<ImagePage>([...key, number - 1]) : undefined;
      const cursor = before && !before.isMoved ? before.next_cursor : null;
      return api.get<ImageList>("/images/list", {
        query: {
          business_id: businessId,
          limit: PAGE_SIZE,
          filter,
          sort,
          search,
          tag,
          ...(cursor ? { cursor } : { page: number }),
        },
        signal,
      });
    },
    gcTime: KEPT_FOR,
  });
};

/** The pages of a view that are known. */
export function knownPages(queryClient: QueryClient, businessId: number, view: LibraryView): Pages {
  const pages = new Map<number, ImagePage>();
  for (const [key, page] of queryClient.getQueriesData<ImagePage>({
    queryKey: imageListKey(businessId, view),
  })) {
    if (page) pages.set(numberOf(key), page);
  }
  return pages;
}

/** Forgets pages of a view that are far from those in view, so that a long list stays light. */
export function forgetFarPages(
  queryClient: QueryClient,
  businessId: number,
  view: LibraryView,
  isNear: (page: number) => boolean,
): void {
  queryClient.removeQueries({
    queryKey: imageListKey(businessId, view),
    type: "inactive",
    predicate: ({ queryKey }) => !isNear(numberOf(queryKey)),
  });
}

function identityOf(key: QueryKey): ListIdentity {
  return key[3] as ListIdentity;
}

function numberOf(key: QueryKey): number {
  return key[4] as number;
}

const detailKey = (businessId: number, imageId: number) =>
  [...imagesKey(businessId), "detail", imageId] as const;

/** One image and the posts that use it. */
export const imageQuery = (businessId: number, imageId: number) =>
  queryOptions({
    queryKey: detailKey(businessId, imageId),
    queryFn: ({ signal }) => api.get<ImageDetail>(`/images/${imageId}`, { signal }),
  });

/** The address of a ZIP file with the originals of these images. */
export function zipUrl(businessId: number, imageIds: readonly number[]): string {
  return apiUrl("/images/download", { business_id: businessId, ids: imageIds.join(",") });
}

/** The address of an image's original under the name that people see. */
export function downloadUrl(imageId: number): string {
  return apiUrl(`/images/${imageId}/download`);
}

/** Every list of a business that is known, in whichever order they came. */
function knownLists(
  queryClient: QueryClient,
  businessId: number,
): Array<{ key: QueryKey; list: ListIdentity; pages: Map<number, ImagePage> }> {
  const lists = new Map<
    string,
    { key: QueryKey; list: ListIdentity; pages: Map<number, ImagePage> }
  >();
  for (const [key, page] of queryClient.getQueriesData<ImagePage>({
    queryKey: listsKey(businessId),
  })) {
    if (!page) continue;
    const name = JSON.stringify(key[3]);
    const known = lists.get(name) ?? {
      key: key.slice(0, 4),
      list: identityOf(key),
      pages: new Map<number, ImagePage>(),
    };
    known.pages.set(numberOf(key), page);
    lists.set(name, known);
  }
  return [...lists.values()];
}

function editLists(
  queryClient: QueryClient,
  businessId: number,
  edit: (pages: Pages, list: ListIdentity) => Pages,
) {
  for (const { key, list, pages } of knownLists(queryClient, businessId)) {
    const next = edit(pages, list);
    for (const [number, page] of next) {
      if (pages.get(number) !== page) queryClient.setQueryData<ImagePage>([...key, number], page);
    }
  }
}

/** An image that some list has loaded already, to show it before its details are there. */
export function findListedImage(
  queryClient: QueryClient,
  businessId: number,
  imageId: number,
): Image | undefined {
  for (const { pages } of knownLists(queryClient, businessId)) {
    const index = indexOf(pages, imageId);
    if (index >= 0) return imageAt(pages, index);
  }
  return undefined;
}

function belongsTo(image: Image, list: ListIdentity): boolean {
  if (list.search || list.tag) return false;
  if (list.filter === "trashed") return false;
  if (list.filter === "edited") return image.edited_from_id !== null;
  if (list.filter === "uploaded") return !image.is_ai_generated;
  if (list.filter === "ai_generated") return image.is_ai_generated;
  if (list.filter === "unused") return image.usage_count === 0;
  return true;
}

/** Everything about images is old, but of the lists only what is in view is read again when asked to. */
function refresh(
  queryClient: QueryClient,
  businessId: number,
  lists: "active" | "none" = "active",
) {
  const key = imagesKey(businessId);
  void queryClient.invalidateQueries({ queryKey: key, predicate: (q) => q.queryKey[2] !== "list" });
  void queryClient.invalidateQueries({ queryKey: listsKey(businessId), refetchType: lists });
}

/**
 * Puts an image that has just come into the library where the lists in view would show it, so that
 * it is there at once and nothing has to be read again.
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
  refresh(queryClient, businessId, "none");
}

function putIntoLists(queryClient: QueryClient, businessId: number, image: Image) {
  editLists(queryClient, businessId, (pages, list) => {
    if (!belongsTo(image, list) || indexOf(pages, image.id) >= 0) return pages;
    // Among the most used, an image that nothing uses yet comes last.
    return list.sort === "created_at_desc" ? putFirst(pages, image) : putLast(pages, image);
  });
}

type Snapshot = Array<[QueryKey, ImagePage | undefined]>;

async function takeFromLists(
  queryClient: QueryClient,
  businessId: number,
  imageIds: ReadonlySet<number>,
  isFrom: (list: ListIdentity) => boolean,
): Promise<Snapshot> {
  await queryClient.cancelQueries({ queryKey: listsKey(businessId) });
  const before = queryClient.getQueriesData<ImagePage>({ queryKey: listsKey(businessId) });
  editLists(queryClient, businessId, (pages, list) =>
    isFrom(list) ? takeOut(pages, imageIds) : pages,
  );
  return before;
}

function putBack(queryClient: QueryClient, before: Snapshot | undefined) {
  for (const [key, page] of before ?? []) queryClient.setQueryData(key, page);
}

const isTrash = ({ filter }: ListIdentity) => filter === "trashed";

/** As many images as one call of the bulk routes takes. */
export const MOST_AT_ONCE = 500;

/** Moves images to the trash. They leave the lists at once; those that are refused come back. */
export function useDeleteImages(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (imageIds: readonly number[]) =>
      api.post<BulkDeleted>("/images/bulk/delete", {
        business_id: businessId,
        image_ids: imageIds,
      }),
    onMutate: async (imageIds) => ({
      before: await takeFromLists(
        queryClient,
        businessId,
        new Set(imageIds),
        (list) => !isTrash(list),
      ),
    }),
    onError: (_error, _imageIds, context) => putBack(queryClient, context?.before),
    onSuccess: ({ deleted }) => {
      for (const id of deleted) {
        queryClient.removeQueries({ queryKey: detailKey(businessId, id) });
      }
    },
    onSettled: () => refresh(queryClient, businessId),
  });
}

/** Brings images back from the trash. Where they stood among the others is the server's to say. */
export function useRestoreImages(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (imageIds: readonly number[]) =>
      api.post<BulkRestored>("/images/bulk/restore", {
        business_id: businessId,
        image_ids: imageIds,
      }),
    onMutate: async (imageIds) => ({
      before: await takeFromLists(queryClient, businessId, new Set(imageIds), isTrash),
    }),
    onError: (_error, _imageIds, context) => putBack(queryClient, context?.before),
    onSettled: () => refresh(queryClient, businessId),
  });
}

export interface TagChange {
  imageIds: readonly number[];
  add: readonly string[];
  remove: readonly string[];
}

/** Gives tags to images and takes tags from them. */
export function useTagImages(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ imageIds, add, remove }: TagChange) =>
      api.post<BulkTagged>("/images/bulk/tag", {
        business_id: businessId,
        image_ids: imageIds,
        add,
        remove,
      }),
    onSettled: () => refresh(queryClient, businessId),
  });
}

/** Removes an image of the trash for good. */
export function useRemoveImage(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (image: Image) =>
      api.delete<unknown>(`/images/${image.id}`, { query: { permanent: true } }),
    onSuccess: (_answer, image) =>
      editLists(queryClient, businessId, (pages) => takeOut(pages, new Set([image.id]))),
    onSettled: () => refresh(queryClient, businessId),
  });
}

/** Changes what people wrote about an image: its name, alt text or tags. */
export function useChangeImage(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id, change }: { id: number; change: ImageChange }) =>
      api.patch<Image>(`/images/${id}`, change),
    onSuccess: (changed, { change }) => {
      queryClient.setQueryData<ImageDetail>(detailKey(businessId, changed.id), (detail) =>
        detail ? { ...detail, ...changed } : detail,
      );
      editLists(queryClient, businessId, (pages) =>
        replaceImages(pages, new Map([[changed.id, changed]])),
      );
      if (change.tags) {
        void queryClient.invalidateQueries({ queryKey: [...imagesKey(businessId), "tags"] });
      }
    },
  });
}
