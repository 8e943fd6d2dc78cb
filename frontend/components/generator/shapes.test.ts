import { expect, it } from "vitest";
import { ratioName, shapesOf } from "./shapes";

const names = (...sizes: string[]) => shapesOf(sizes).map(({ name }) => name);

it("three sizes are called by their shape alone", () => {
  expect(names("1024x1024", "1024x1792", "1792x1024")).toEqual(["Square", "Portrait", "Landscape"]);
});

it("several of a kind are told apart by their ratio", () => {
  expect(names("1024x1024", "1344x768", "1216x832", "832x1216")).toEqual([
    "Square",
    "Landscape 16:9",
    "Landscape 3:2",
    "Portrait",
  ]);
});

it("two of the same ratio are told apart by their pixels", () => {
  expect(names("512x512", "1024x1024")).toEqual(["Square", "Square"]);
});

it.each([
  [1024, 1024, "1:1"],
  [1536, 1024, "3:2"],
  [1024, 1536, "2:3"],
  [1920, 1080, "16:9"],
  [1024, 1792, "9:16"],
])("%d × %d is %s", (width, height, ratio) => {
  expect(ratioName(width, height)).toBe(ratio);
});
