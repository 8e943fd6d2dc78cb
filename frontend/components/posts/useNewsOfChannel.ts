import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { showChannels } from "@/lib/api/channels";
import type { PublicationState } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";

/** What became of a post says how its channel is. */
export function useNewsOfChannel(state: PublicationState): void {
  const queryClient = useQueryClient();
  const business = useBusiness();
  const last = useRef(state);
  useEffect(() => {
    if (last.current === state) return;
    last.current = state;
    showChannels(queryClient, business.id);
  }, [state, queryClient, business.id]);
}
