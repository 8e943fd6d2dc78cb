import { describe, expect, it } from "vitest";
import { decodeThumbhash } from "./thumbhash";

describe("decodeThumbhash", () => {
  it("gives a small opaque picture of the shape the hash names", () => {
    const { width, height, pixels } = decodeThumbhash("1QcSHQRnh493V4dIh4eXh1h4kJUI");
    expect([width, height]).toEqual([23, 32]);
    expect(pixels).toHaveLength(32 * 23 * 4);
    expect(pixels.every((value, index) => index % 4 !== 3 || value === 255)).toBe(true);
  });

  it("shows red at the left and blue at the right when the picture was so", () => {
    const { width, height, pixels } = decodeThumbhash("UtYC1aIAAAAAAAAAAAAAAI+I+Ih4");
    const at = (x: number) => (Math.floor(height / 2) * width + x) * 4;
    const [left, right] = [at(4), at(width - 5)];
    expect(pixels[left]).toBeGreaterThan(150);
    expect(pixels[left + 2]).toBeLessThan(80);
    expect(pixels[right]).toBeLessThan(80);
    expect(pixels[right + 2]).toBeGreaterThan(150);
  });

  it("refuses what is no hash", () => {
    expect(() => decodeThumbhash("AAA=")).toThrow(RangeError);
  });
});
