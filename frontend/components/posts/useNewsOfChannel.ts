import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { showChannels } from "@/lib/api/channels";
import { useBusiness } from "@/lib/business";

/** What became of posts says how their channels are. `state` is how they stand, once it is known. */
export function useNewsOfChannel(state: string | undefined): void {
  const queryClient = useQueryClient();
  const business = useBusiness();
  const last = useRef(state);
  useEffect(() => {
    const before = last.current;
    last.current = state;
    if (before === undefined || before === state) return;
    showChannels(queryClient, business.id);
  }, [state, queryClient, business.id]);
}
