import type { Image } from "@/lib/api/types";

/**
 * Images that are chosen for something, in the order in which they were chosen. What Shift reached is
 * kept apart, so that reaching further, or less far, replaces it.
 */
export interface Selection {
  readonly single: ReadonlyMap<number, Image>;
  readonly reached: ReadonlyMap<number, Image>;
  /** Where Shift reaches from: the image that was chosen or given up last. */
  readonly anchorId: number | null;
}

export const NOTHING_CHOSEN: Selection = {
  single: new Map(),
  reached: new Map(),
  anchorId: null,
};

export type SelectionAction =
  | { type: "toggle"; image: Image }
  /** From the anchor to some image, both included, in the order of the grid. */
  | { type: "reach"; images: readonly Image[] }
  | { type: "all"; images: readonly Image[] }
  /** The same images as they are now; those that are not chosen do not count. */
  | { type: "renew"; images: readonly Image[] }
  /** Images that are not there any more. */
  | { type: "drop"; imageIds: ReadonlySet<number> }
  | { type: "clear" };

/** All that is chosen. */
export function chosenOf({ single, reached }: Selection): ReadonlyMap<number, Image> {
  return reached.size ? new Map([...single, ...reached]) : single;
}

/** The selection after something was done; it holds at most `most` images. */
export function select(selection: Selection, action: SelectionAction, most: number): Selection {
  switch (action.type) {
    case "toggle": {
      const chosen = new Map(chosenOf(selection));
      const { image } = action;
      if (!chosen.delete(image.id) && chosen.size < most) chosen.set(image.id, image);
      return chosen.size
        ? { single: chosen, reached: new Map(), anchorId: image.id }
        : NOTHING_CHOSEN;
    }
    case "reach": {
      const room = most - selection.single.size;
      const fresh = action.images.filter(({ id }) => !selection.single.has(id));
      return { ...selection, reached: byId(fresh.slice(0, Math.max(0, room))) };
    }
    case "all": {
      const chosen = chosenOf(selection);
      const fresh = action.images.filter(({ id }) => !chosen.has(id));
      const single = new Map([...chosen, ...byId(fresh.slice(0, Math.max(0, most - chosen.size)))]);
      return { single, reached: new Map(), anchorId: selection.anchorId };
    }
    case "renew": {
      const now = byId(action.images);
      const renewed = (chosen: ReadonlyMap<number, Image>) =>
        new Map([...chosen].map(([id, image]) => [id, now.get(id) ?? image]));
      return {
        ...selection,
        single: renewed(selection.single),
        reached: renewed(selection.reached),
      };
    }
    case "drop": {
      const left = new Map(chosenOf(selection));
      for (const id of action.imageIds) left.delete(id);
      if (!left.size) return NOTHING_CHOSEN;
      const { anchorId } = selection;
      return {
        single: left,
        reached: new Map(),
        anchorId: anchorId !== null && action.imageIds.has(anchorId) ? null : anchorId,
      };
    }
    case "clear":
      return NOTHING_CHOSEN;
  }
}

function byId(images: readonly Image[]): Map<number, Image> {
  return new Map(images.map((image) => [image.id, image]));
}
