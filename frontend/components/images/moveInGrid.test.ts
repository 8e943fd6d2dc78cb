import { describe, expect, it } from "vitest";
import { type GridKey, moveInGrid } from "./moveInGrid";

/** Eleven tiles in rows of four: 0–3, 4–7, 8–10. */
const move = (key: string, from: number) => moveInGrid(key as GridKey, from, 11, 4, 2);

describe("moveInGrid", () => {
  it("steps to the neighbours, across the ends of rows", () => {
    expect(move("ArrowRight", 3)).toBe(4);
    expect(move("ArrowLeft", 4)).toBe(3);
    expect(move("ArrowDown", 1)).toBe(5);
    expect(move("ArrowUp", 5)).toBe(1);
  });

  it("goes down into a short last row at its end", () => {
    expect(move("ArrowDown", 7)).toBe(10);
  });

  it("goes by pages and to both ends", () => {
    expect(move("PageDown", 1)).toBe(9);
    expect(move("PageUp", 9)).toBe(1);
    expect(move("Home", 6)).toBe(0);
    expect(move("End", 6)).toBe(10);
  });

  it("stays at the edges and for other keys", () => {
    expect(move("ArrowLeft", 0)).toBeNull();
    expect(move("ArrowRight", 10)).toBeNull();
    expect(move("ArrowUp", 2)).toBeNull();
    expect(move("ArrowDown", 9)).toBeNull();
    expect(move("Enter", 2)).toBeNull();
    expect(moveInGrid("End", 0, 0, 4, 2)).toBeNull();
  });
});
