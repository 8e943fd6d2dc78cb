import { describe, expect, it } from "vitest";
import type { Image } from "@/lib/api/types";
import { nextWish, planOf, tagsAfter, tagsOf, type Wish } from "./tagPlan";

const image = (...tags: string[]) => ({ tags }) as Image;

describe("tags of several images", () => {
  it("are counted, whatever their case, most frequent first", () => {
    expect(tagsOf([image("harbour", "dawn"), image("Harbour"), image("coffee")])).toEqual([
      { tag: "harbour", count: 2 },
      { tag: "coffee", count: 1 },
      { tag: "dawn", count: 1 },
    ]);
  });

  it("go from some to all to none, and back to how they are", () => {
    const walk = (isOnAll: boolean, from: Wish = "as-is") => [
      nextWish(from, isOnAll),
      nextWish(nextWish(from, isOnAll), isOnAll),
      nextWish(nextWish(nextWish(from, isOnAll), isOnAll), isOnAll),
    ];
    expect(walk(false)).toEqual(["all", "none", "as-is"]);
    expect(walk(true)).toEqual(["none", "as-is", "none"]);
  });

  it("become what is to be given and taken", () => {
    const wishes = new Map<string, Wish>([
      ["harbour", "all"],
      ["dawn", "none"],
      ["coffee", "as-is"],
      ["new", "none"],
    ]);
    expect(planOf(["new", "harbour"], wishes)).toEqual({
      add: ["new", "harbour"],
      remove: ["dawn"],
    });
    expect(planOf([], new Map())).toEqual({ add: [], remove: [] });
  });

  it("are what is there afterwards", () => {
    expect(tagsAfter(["Harbour", "dawn"], ["harbour", "menu"], ["DAWN"])).toEqual([
      "Harbour",
      "menu",
    ]);
  });
});
