import { describe, expect, it } from "vitest";
import type { Image } from "@/lib/api/types";
import {
  chosenOf,
  NOTHING_CHOSEN,
  type Selection,
  type SelectionAction,
  select,
} from "./selection";

const image = (id: number) => ({ id }) as Image;
const images = (...ids: number[]) => ids.map(image);

function having(...actions: SelectionAction[]): Selection {
  return actions.reduce((selection, action) => select(selection, action, 6), NOTHING_CHOSEN);
}
const toggle = (id: number): SelectionAction => ({ type: "toggle", image: image(id) });
const reach = (...ids: number[]): SelectionAction => ({ type: "reach", images: images(...ids) });
const ids = (selection: Selection) => [...chosenOf(selection).keys()];

describe("a selection", () => {
  it("takes images in the order in which they are chosen, and gives them up again", () => {
    expect(ids(having(toggle(3), toggle(1), toggle(2)))).toEqual([3, 1, 2]);
    expect(ids(having(toggle(3), toggle(1), toggle(3)))).toEqual([1]);
    expect(having(toggle(3), toggle(3))).toBe(NOTHING_CHOSEN);
  });

  it("reaches from the last choice, further or less far, and keeps what was chosen before", () => {
    expect(ids(having(toggle(9), toggle(1), reach(1, 2, 3, 4)))).toEqual([9, 1, 2, 3, 4]);
    expect(ids(having(toggle(9), toggle(1), reach(1, 2, 3, 4), reach(1, 2)))).toEqual([9, 1, 2]);
  });

  it("makes what was reached its own with the next choice", () => {
    const selection = having(toggle(1), reach(1, 2, 3), toggle(7), reach(7, 8));
    expect(ids(selection)).toEqual([1, 2, 3, 7, 8]);
    expect(selection.anchorId).toBe(7);
    expect(ids(having(toggle(1), reach(1, 2, 3), toggle(2)))).toEqual([1, 3]);
  });

  it("holds no more than it may", () => {
    expect(ids(having(toggle(1), reach(1, 2, 3, 4, 5, 6, 7, 8)))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(ids(having({ type: "all", images: images(1, 2, 3, 4, 5, 6, 7) }))).toHaveLength(6);
    expect(ids(having({ type: "all", images: images(1, 2, 3, 4, 5, 6) }, toggle(7)))).not.toContain(
      7,
    );
  });

  it("takes all without forgetting what was chosen", () => {
    expect(ids(having(toggle(9), { type: "all", images: images(1, 2) }))).toEqual([9, 1, 2]);
  });

  it("lets go of what is not there any more", () => {
    const selection = having(toggle(1), toggle(2), { type: "drop", imageIds: new Set([2]) });
    expect(ids(selection)).toEqual([1]);
    expect(selection.anchorId).toBeNull();
    expect(having(toggle(1), { type: "drop", imageIds: new Set([1]) })).toBe(NOTHING_CHOSEN);
    expect(having(toggle(1), { type: "clear" })).toBe(NOTHING_CHOSEN);
  });
});
