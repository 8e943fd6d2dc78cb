import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { followGeneration } from "@/lib/api/generationEvents";
import { isUnfinished, storyQuery, tellStory } from "@/lib/api/generations";
import { useBusiness } from "@/lib/business";
import { setWatched } from "./watched";

/** How often it is looked at in milliseconds: beside its events, and where they cannot be had. */
const LOOK_EVERY = { beside: 15_000, alone: 3_000 };

/** One generation as it happens. Null looks at none. */
export function useStory(generationId: number | null) {
  const business = useBusiness();
  const queryClient = useQueryClient();
  const [lostId, setLostId] = useState<number | null>(null);
  const [preview, setPreview] = useState<{ id: number; address: string; number: number }>();
  const query = useQuery({
    ...storyQuery(business.id, generationId ?? 0),
    enabled: generationId !== null,
    refetchInterval: ({ state }) =>
      state.data !== undefined &&
      isUnfinished(state.data.generation) &&
      (lostId === generationId ? LOOK_EVERY.alone : LOOK_EVERY.beside),
  });
  const isRunning = query.data !== undefined && isUnfinished(query.data.generation);

  useEffect(() => {
    if (generationId === null || !isRunning) return;
    return followGeneration(generationId, {
      onStory: (story) => tellStory(queryClient, business.id, story),
      onPreview: (address, number) => setPreview({ id: generationId, address, number }),
      onLost: () => setLostId(generationId),
    });
  }, [generationId, isRunning, queryClient, business.id]);

  useEffect(() => {
    setWatched(generationId ?? undefined);
    return () => setWatched(undefined);
  }, [generationId]);

  return { query, preview: isRunning && preview?.id === generationId ? preview : undefined };
}
