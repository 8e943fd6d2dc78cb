import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useRef } from "react";
import { toast } from "@/components/ui/Toast";
import { imageOf, isUnfinished, recentGenerationsQuery, tellStory } from "@/lib/api/generations";
import type { Generation } from "@/lib/api/types";
import { useBusiness, useSession } from "@/lib/business";
import { outcomeOf } from "./outcome";
import { isWatched } from "./watched";

/**
 * What the person has in the works in the business in view, newest first, wherever it was asked for. Says
 * how each of them ended, unless a dialog shows it at that moment. For one place of the page.
 */
export function useFinished(onLook: (generationId: number) => void): void {
  const business = useBusiness();
  const { user } = useSession();
  const queryClient = useQueryClient();
  const { data } = useQuery(recentGenerationsQuery(business.id));
  const open = useRef(new Set<number>());

  const tell = useEffectEvent(async (generation: Generation) => {
    if (isWatched(generation.id)) return;
    const image = await imageOf(generation).catch(() => null);
    tellStory(queryClient, business.id, { generation, image });
    const outcome = outcomeOf(generation);
    if (generation.state === "cancelled") return;
    toast({
      title: outcome?.fact ?? "Your image is painted",
      description: outcome ? outcome.words : "It is in your library.",
      tone: outcome ? "bad" : "ok",
      action: { label: outcome ? "See why" : "Look at it", onPress: () => onLook(generation.id) },
      ...(outcome && { timeout: 0 }),
    });
  });

  useEffect(() => {
    for (const generation of data?.generations ?? []) {
      if (generation.user_id !== user.id) continue;
      if (isUnfinished(generation)) open.current.add(generation.id);
      else if (open.current.delete(generation.id)) void tell(generation);
    }
  }, [data, user.id]);
}

/** What the person has in the works in the business in view, newest first. */
export function useInTheWorks(): Generation[] {
  const business = useBusiness();
  const { user } = useSession();
  const { data } = useQuery(recentGenerationsQuery(business.id));
  return data?.generations.filter((it) => it.user_id === user.id && isUnfinished(it)) ?? [];
}
