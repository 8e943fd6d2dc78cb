import { useCallback, useMemo, useReducer, useRef } from "react";
import { MOST_AT_ONCE } from "@/lib/api/images";
import type { Image } from "@/lib/api/types";
import {
  chosenOf,
  NOTHING_CHOSEN,
  type Selection,
  type SelectionAction,
  select,
} from "./selection";
import type { Library } from "./useLibrary";

export interface ImageSelection {
  chosen: ReadonlyMap<number, Image>;
  has: (imageId: number) => boolean;
  toggle: (image: Image) => void;
  /** Chooses all from the last choice to this place; reads what is not known between them. */
  reachTo: (index: number) => void;
  /** Chooses all that is loaded; all that there is, where that is not too many. */
  all: () => void;
  /** Keeps the choice, with these images as they are now. */
  renew: (images: readonly Image[]) => void;
  drop: (imageIds: Iterable<number>) => void;
  clear: () => void;
}

function reduce(selection: Selection, action: SelectionAction): Selection {
  return select(selection, action, MOST_AT_ONCE);
}

/** Which images of a view are chosen. */
export function useSelection(library: Library): ImageSelection {
  const [selection, act] = useReducer(reduce, NOTHING_CHOSEN);
  const chosen = useMemo(() => chosenOf(selection), [selection]);
  const now = useRef({ library, selection });
  now.current = { library, selection };
  const reach = useRef(0);
  /** Where the last choice was made: its page may be forgotten by the time Shift reaches from there. */
  const anchorIndex = useRef(-1);

  const reachTo = useCallback(async (index: number) => {
    const { library: places, selection: before } = now.current;
    const turn = ++reach.current;
    const known = before.anchorId === null ? -1 : places.indexOf(before.anchorId);
    const from = before.anchorId !== null && known < 0 ? anchorIndex.current : known;
    if (from < 0) {
      const image = places.at(index);
      anchorIndex.current = index;
      if (image) act({ type: "toggle", image });
      return;
    }
    const step = index < from ? -1 : 1;
    const images: Image[] = [];
    for (let at = from; at !== index + step && images.length < MOST_AT_ONCE; at += step) {
      const image = places.at(at) ?? (await places.find(at).catch(() => undefined));
      // Meanwhile the person may have reached somewhere else.
      if (turn !== reach.current) return;
      if (image) images.push(image);
    }
    act({ type: "reach", images });
  }, []);

  const all = useCallback(async () => {
    const { library: places } = now.current;
    const turn = ++reach.current;
    if (places.count <= MOST_AT_ONCE) {
      for (let at = 0; at < places.count; at++) {
        if (!places.at(at)) await places.find(at).catch(() => undefined);
        if (turn !== reach.current) return;
      }
    }
    act({ type: "all", images: now.current.library.known() });
  }, []);

  return useMemo(
    () => ({
      chosen,
      has: (imageId) => chosen.has(imageId),
      toggle: (image) => {
        reach.current++;
        anchorIndex.current = now.current.library.indexOf(image.id);
        act({ type: "toggle", image });
      },
      reachTo: (index) => void reachTo(index),
      all: () => void all(),
      renew: (images) => act({ type: "renew", images }),
      drop: (imageIds) => act({ type: "drop", imageIds: new Set(imageIds) }),
      clear: () => {
        reach.current++;
        act({ type: "clear" });
      },
    }),
    [chosen, reachTo, all],
  );
}
