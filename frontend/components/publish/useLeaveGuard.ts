import { useBlocker } from "@tanstack/react-router";
import { useCallback, useEffect, useRef } from "react";
import type { ComposerSearch } from "./useComposer";

/**
 * Holds every way out of the composer (its close button, Escape, *back*, a link, closing the tab)
 * while `mustAsk` says so. `ownId` is the post in it: an address that names it is no way out.
 */
export function useLeaveGuard(mustAsk: () => boolean, ownId: () => number | null) {
  const latest = useRef({ mustAsk, ownId });
  useEffect(() => {
    latest.current = { mustAsk, ownId };
  });
  const isOnItsWayOut = useRef(false);
  const shouldBlockFn = useCallback(({ next }: { next: { search: unknown } }) => {
    const { compose } = next.search as ComposerSearch;
    const isStaying = compose !== undefined && compose === latest.current.ownId();
    return !isStaying && !isOnItsWayOut.current && latest.current.mustAsk();
  }, []);
  const enableBeforeUnload = useCallback(() => latest.current.mustAsk(), []);
  const blocker = useBlocker({ shouldBlockFn, enableBeforeUnload, withResolver: true });
  return {
    isAsking: blocker.status === "blocked",
    stay: () => blocker.reset?.(),
    leave: () => {
      isOnItsWayOut.current = true;
      blocker.proceed?.();
    },
  };
}
