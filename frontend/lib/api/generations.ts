import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api } from "./client";
import { showNewImage } from "./images";
import type { Generated, GenerationInput, GenerationOptions, Image } from "./types";

/** What the generator can offer: providers with their models, and styles. */
export const generationOptionsQuery = (businessId: number) =>
  queryOptions({
    queryKey: ["generations", businessId, "options"],
    queryFn: ({ signal }) =>
      api.get<GenerationOptions>("/generations/options", {
        query: { business_id: businessId },
        signal,
      }),
    staleTime: 5 * 60_000,
  });

export interface GenerationWish extends Omit<GenerationInput, "business_id"> {
  /** One key per press of the button; the same on every retry of it. */
  idempotencyKey: string;
}

/**
 * Has a picture painted; the answer can take minutes. It goes on when the component that asked is
 * gone: `onPainted` and `onFailed` run in any case.
 */
export function useGenerateImage(
  businessId: number,
  {
    onPainted,
    onFailed,
  }: { onPainted?: (image: Image) => void; onFailed?: (error: Error) => void } = {},
) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ idempotencyKey, ...wish }: GenerationWish) =>
      api.post<Generated>(
        "/images/generate",
        { ...wish, business_id: businessId },
        { idempotencyKey },
      ),
    onSuccess: ({ image }) => {
      showNewImage(queryClient, businessId, image);
      onPainted?.(image);
    },
    onError: (error) => onFailed?.(error),
  });
}
