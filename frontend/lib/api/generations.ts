import { type QueryClient, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiError, api } from "./client";
import { showNewImage } from "./images";
import type {
  Charge,
  Generation,
  GenerationAccepted,
  GenerationInput,
  GenerationList,
  GenerationOptions,
  GenerationStory,
  ImageDetail,
} from "./types";
import { usageKey } from "./usage";

const generationsKey = (businessId: number) => ["generations", businessId] as const;

/** What the generator can offer: providers with their models, styles, prices, and what is left. */
export const generationOptionsQuery = (businessId: number) =>
  queryOptions({
    queryKey: [...generationsKey(businessId), "options"],
    queryFn: ({ signal }) =>
      api.get<GenerationOptions>("/generations/options", {
        query: { business_id: businessId },
        signal,
      }),
  });

/** Whether it waits or is painted: its end is still to come. */
export function isUnfinished({ state }: Pick<Generation, "state">): boolean {
  return state === "queued" || state === "running";
}

function isOver({ state }: Generation): boolean {
  return state !== "unknown" && !isUnfinished({ state });
}

/** How often it is looked how things stand while something is in the works, in milliseconds. */
const LOOK_EVERY = 3_000;

/** The newest generations of a business, looked at again and again while any of them is unfinished. */
export const recentGenerationsQuery = (businessId: number) =>
  queryOptions({
    queryKey: [...generationsKey(businessId), "recent"],
    queryFn: ({ signal }) =>
      api.get<GenerationList>("/generations", {
        query: { business_id: businessId, limit: 50 },
        signal,
      }),
    refetchInterval: ({ state }) => state.data?.generations.some(isUnfinished) && LOOK_EVERY,
  });

const storyKey = (businessId: number, generationId: number) =>
  [...generationsKey(businessId), "story", generationId] as const;

/** One generation and its image. */
export const storyQuery = (businessId: number, generationId: number) =>
  queryOptions({
    queryKey: storyKey(businessId, generationId),
    queryFn: async ({ signal }): Promise<GenerationStory> => {
      const generation = await api.get<Generation>(`/generations/${generationId}`, { signal });
      return { generation, image: await imageOf(generation, signal) };
    },
  });

/** The image that a generation made; null where there is none, or none any more. */
export async function imageOf(
  { image_id }: Generation,
  signal?: AbortSignal,
): Promise<ImageDetail | null> {
  if (image_id === null) return null;
  try {
    return await api.get<ImageDetail>(`/images/${image_id}`, { signal });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/**
 * Keeps what was heard of a generation wherever it is shown. Once it is over its image stands in the
 * library, and what is left and what was spent are read again.
 */
export function tellStory(queryClient: QueryClient, businessId: number, story: GenerationStory) {
  const key = storyKey(businessId, story.generation.id);
  const known = queryClient.getQueryData<GenerationStory>(key)?.generation;
  // Two answers may overtake each other: what has ended does not begin again, but for one that was unknown.
  if (known && isOver(known) && isUnfinished(story.generation)) return;
  if (story.generation.image_id !== null && !story.image) {
    // There is an image, and this answer did not bring it.
    void queryClient.invalidateQueries({ queryKey: key });
  } else queryClient.setQueryData(key, story);
  putIntoRecent(queryClient, businessId, story.generation);
  if (isUnfinished(story.generation)) return;
  if (story.image) showNewImage(queryClient, businessId, story.image);
  void queryClient.invalidateQueries({ queryKey: [...generationsKey(businessId), "recent"] });
  refreshMoney(queryClient, businessId);
}

function putIntoRecent(queryClient: QueryClient, businessId: number, generation: Generation) {
  queryClient.setQueryData(recentGenerationsQuery(businessId).queryKey, (list) => {
    if (!list) return list;
    const isKnown = list.generations.some(({ id }) => id === generation.id);
    return {
      ...list,
      generations: isKnown
        ? list.generations.map((it) => (it.id === generation.id ? generation : it))
        : [generation, ...list.generations],
    };
  });
}

function refreshMoney(queryClient: QueryClient, businessId: number) {
  void queryClient.invalidateQueries(generationOptionsQuery(businessId));
  void queryClient.invalidateQueries({ queryKey: usageKey(businessId) });
}

export interface GenerationOrder extends Omit<GenerationInput, "business_id"> {
  /** One key per press of the button; the same on every retry of it. */
  idempotencyKey: string;
}

/** Has a picture painted. The answer comes at once; the work goes on whoever looks. */
export function useOrderImage(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ idempotencyKey, ...wish }: GenerationOrder) => {
      const answer = await api.post<GenerationAccepted>(
        "/images/generate",
        { ...wish, business_id: businessId },
        { idempotencyKey, headers: { prefer: "respond-async" } },
      );
      return answer.generation;
    },
    onSuccess: (generation) => {
      tellStory(queryClient, businessId, { generation, image: null });
      void queryClient.invalidateQueries(recentGenerationsQuery(businessId));
      refreshMoney(queryClient, businessId);
    },
  });
}

/** Says what stands on the provider's bill for a generation whose cost nobody knows. */
export function useSettleCost(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ generationId, ...charge }: Charge & { generationId: number }) =>
      (await api.post<GenerationAccepted>(`/generations/${generationId}/settle`, charge))
        .generation,
    // Also where somebody else was faster: then the ledger says what they said.
    onSettled: () => refreshMoney(queryClient, businessId),
  });
}

/** Calls a generation off. One in the works ends when its provider has let go. */
export function useCancelGeneration(businessId: number) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (generationId: number) =>
      (await api.post<GenerationAccepted>(`/generations/${generationId}/cancel`)).generation,
    onSuccess: (generation) => tellStory(queryClient, businessId, { generation, image: null }),
    onError: (_error, generationId) =>
      // It may have come to its end a moment before.
      queryClient.invalidateQueries({ queryKey: storyKey(businessId, generationId) }),
  });
}
