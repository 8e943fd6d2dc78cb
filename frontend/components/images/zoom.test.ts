import { describe, expect, it } from "vitest";
import { closest, fitScale, fitted, isFitted, kept, panned, zoomed } from "./zoom";

const frame = { width: 1000, height: 800 };
const photograph = { width: 4000, height: 2000 };
const stamp = { width: 400, height: 400 };

describe("a picture in its frame", () => {
  it("is seen as a whole at first, and a small one in its own size", () => {
    expect(fitted(photograph, frame)).toEqual({ scale: 0.25, x: 0, y: 0 });
    expect(fitScale(stamp, frame)).toBe(1);
    expect(fitScale(photograph, { width: 0, height: 0 })).toBe(1);
  });

  it("comes nearer around the point under the pointer", () => {
    const at = { x: 300, y: -100 };
    const before = fitted(photograph, frame);
    const nearer = zoomed(before, 4, at, photograph, frame);
    expect(nearer.scale).toBe(1);
    // The same spot of the picture is under the pointer as before.
    expect((at.x - nearer.x) / nearer.scale).toBeCloseTo((at.x - before.x) / before.scale);
    expect((at.y - nearer.y) / nearer.scale).toBeCloseTo((at.y - before.y) / before.scale);
  });

  it("stays within its limits", () => {
    const near = zoomed(fitted(photograph, frame), 1000, { x: 0, y: 0 }, photograph, frame);
    expect(near.scale).toBe(closest(photograph, frame));
    const far = zoomed(near, 0.0001, { x: 50, y: 50 }, photograph, frame);
    expect(far).toEqual(fitted(photograph, frame));
    expect(isFitted(far, photograph, frame)).toBe(true);
    expect(isFitted(near, photograph, frame)).toBe(false);
  });

  it("is moved no further than to its edge, and not where it is all in view", () => {
    const actual = { scale: 1, x: 0, y: 0 };
    expect(panned(actual, { x: 9999, y: -9999 }, photograph, frame)).toEqual({
      scale: 1,
      x: 1500,
      y: -600,
    });
    expect(panned(fitted(photograph, frame), { x: 50, y: 50 }, photograph, frame)).toEqual(
      fitted(photograph, frame),
    );
    expect(kept({ scale: 1, x: 1500, y: 0 }, photograph, { width: 4000, height: 3000 }).x).toBe(0);
  });
});
