import { describe, expect, it } from "vitest";
import type { GenerationOptions, ImageModel } from "@/lib/api/types";
import { fitWish, isSameWish, nearestSize, type Painter, painterOf, paintersOf } from "./wish";

function model(id: string, change: Partial<ImageModel> = {}): ImageModel {
  return {
    id,
    name: id,
    sizes: ["1024x1024", "1024x1792", "1792x1024"],
    qualities: ["standard", "hd"],
    max_prompt_length: 4000,
    streams: false,
    edits: false,
    masks: false,
    shutdown_on: null,
    successor: null,
    prices: [],
    ...change,
  };
}

const options = {
  providers: [
    { name: "openai", is_practice: false, models: [model("flare", { edits: true }), model("old")] },
    { name: "stability", is_practice: false, models: [model("core", { qualities: ["standard"] })] },
  ],
} as unknown as GenerationOptions;

describe("who paints", () => {
  it("offers every model of every provider, and for an edit only those that can", () => {
    const names = (isEdit: boolean) => paintersOf(options, isEdit).map((it) => it.model.id);
    expect(names(false)).toEqual(["flare", "old", "core"]);
    expect(names(true)).toEqual(["flare"]);
  });

  it("is the model that the wish names, or the default where that has gone", () => {
    const painters = paintersOf(options, false);
    expect(painterOf(painters, { provider: "stability", model: "core" })?.model.id).toBe("core");
    expect(painterOf(painters, { provider: "openai", model: "gone" })?.model.id).toBe("flare");
    expect(painterOf([], {})).toBeUndefined();
  });
});

describe("a wish fits the model", () => {
  const [, , core] = paintersOf(options, false) as [Painter, Painter, Painter];

  it("keeps what the model can do and takes the nearest of what it cannot", () => {
    const wish = fitWish(core, ["vintage"], {
      prompt: "Boats",
      style: "vintage",
      size: "832x1216",
      quality: "hd",
    });
    expect(wish).toEqual({
      prompt: "Boats",
      style: "vintage",
      size: "1024x1792",
      quality: "standard",
      provider: "stability",
      model: "core",
    });
  });

  it("forgets a style that the business has no longer", () => {
    expect(fitWish(core, ["vintage"], { style: "gone" }).style).toBeNull();
  });
});

it.each([
  ["4000x3000", "1792x1024"],
  ["3000x4000", "1024x1792"],
  ["1000x1010", "1024x1024"],
  ["", "1024x1024"],
])("a picture of %s is nearest to %s", (size, nearest) => {
  expect(nearestSize(["1024x1024", "1024x1792", "1792x1024"], size)).toBe(nearest);
});

it("the same wish is the same with a space more, and another with another style", () => {
  const [painter] = paintersOf(options, false) as [Painter];
  const wish = fitWish(painter, ["vintage"], { prompt: "Boats" });
  expect(isSameWish(wish, { ...wish, prompt: "Boats " })).toBe(true);
  expect(isSameWish(wish, { ...wish, style: "vintage" })).toBe(false);
});
