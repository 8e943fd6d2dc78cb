import { describe, expect, it } from "vitest";
import { decodeThumbhash } from "./thumbhash";

describe("decodeThumbhash", () => {
  it("gives a small opaque picture of the shape the hash names", () => {
    const { width, height, pixels } = decodeThumbhash("1QcSHQRnh493V4dIh4eXh1h4kJUI");
    expect([width, height]).toEqual([23, 32]);
    expect(pixels).toHaveLength(32 * 23 * 4);
    expect(pixels.every((value, index) => index % 4 !== 3 || value === 255)).toBe(true);
  });

  it("refuses what is no hash", () => {
    expect(() => decodeThumbhash("AAA=")).toThrow(RangeError);
  });
});
