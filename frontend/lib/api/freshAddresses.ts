import { QueryClientContext } from "@tanstack/react-query";
import { use, useCallback } from "react";
import { imagesKey } from "./images";

/** Addresses that did not lead to a picture, and were reported. */
const reported = new Set<string>();
const MOST_REMEMBERED = 5_000;

/** Many pictures of a page end at the same moment: one look is enough for all of them. */
const GATHER = 150;
let timer: ReturnType<typeof setTimeout> | undefined;
/** The look is under way: it brings the new addresses of those that are reported meanwhile as well. */
let isLooking = false;

/** What shows pictures: the first word of the keys of their queries. */
const WITH_PICTURES: ReadonlySet<unknown> = new Set([imagesKey(0)[0], "posts", "post-check"]);

/**
 * Returns what to call with the address of a picture that could not be loaded. Signed addresses end
 * after a day or two: what is on the screen is then read anew, once for each address, and brings new
 * ones. Where the address stays the same, the picture is really not there.
 */
export function useFreshAddresses(): (address: string) => void {
  const queryClient = use(QueryClientContext);
  return useCallback(
    (address) => {
      if (!queryClient || reported.has(address)) return;
      if (reported.size >= MOST_REMEMBERED) reported.clear();
      reported.add(address);
      if (isLooking) return;
      clearTimeout(timer);
      timer = setTimeout(() => {
        isLooking = true;
        void queryClient
          .invalidateQueries({ predicate: ({ queryKey }) => WITH_PICTURES.has(queryKey[0]) })
          .finally(() => {
            // Until the new addresses stand in the page, old ones may still fail.
            setTimeout(() => {
              isLooking = false;
            }, GATHER);
          });
      }, GATHER);
    },
    [queryClient],
  );
}
