import { useCallback, useSyncExternalStore } from "react";

/** Whether a media query holds, now and when it changes. */
export function useMediaQuery(query: string): boolean {
  const subscribe = useCallback(
    (onChange: () => void) => {
      const list = window.matchMedia(query);
      list.addEventListener("change", onChange);
      return () => list.removeEventListener("change", onChange);
    },
    [query],
  );
  return useSyncExternalStore(subscribe, () => window.matchMedia(query).matches);
}

/** 900 px and more: the rail is there, panels stand beside the page. */
export function useIsWide(): boolean {
  return useMediaQuery("(width >= 56.25rem)");
}
