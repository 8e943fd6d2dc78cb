import { describe, expect, it } from "vitest";
import { encodingsFor, fitSides, halvings, renamed, uprightMatrix } from "./fit";

describe("fitSides", () => {
  it.each([
    [
      { width: 8192, height: 4096 },
      { width: 4096, height: 2048 },
    ],
    [
      { width: 3000, height: 6000 },
      { width: 2048, height: 4096 },
    ],
    [
      { width: 4096, height: 10 },
      { width: 4096, height: 10 },
    ],
    [
      { width: 100_000, height: 3 },
      { width: 4096, height: 1 },
    ],
  ])("makes of %o %o", (sides, expected) => {
    expect(fitSides(sides, 4096)).toEqual(expected);
  });
});

describe("halvings", () => {
  it("never leaves more than half out at once, and ends where it should", () => {
    const to = { width: 1000, height: 500 };
    const steps = halvings({ width: 9000, height: 4500 }, to);
    expect(steps).toEqual([
      { width: 4500, height: 2250 },
      { width: 2250, height: 1125 },
      { width: 1125, height: 563 },
      to,
    ]);
  });

  it("is one step where little changes", () => {
    const to = { width: 4096, height: 3000 };
    expect(halvings({ width: 5000, height: 3662 }, to)).toEqual([to]);
  });
});

describe("uprightMatrix", () => {
  const raw = { width: 30, height: 20 };
  /** Where the stored picture's upper left corner must stand for each orientation, by the EXIF table. */
  it.each([
    [1, "top left"],
    [2, "top right"],
    [3, "bottom right"],
    [4, "bottom left"],
    [5, "top left"],
    [6, "top right"],
    [7, "bottom right"],
    [8, "bottom left"],
  ])("for orientation %i brings the first corner to the %s", (orientation, place) => {
    const [, , , , x, y] = uprightMatrix(orientation, raw);
    const [width, height] = orientation >= 5 ? [20, 30] : [30, 20];
    expect([x, y]).toEqual([
      place.endsWith("right") ? width : 0,
      place.startsWith("bottom") ? height : 0,
    ]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "keeps all of the picture for orientation %i",
    (orientation) => {
      const [a, b, c, d, e, f] = uprightMatrix(orientation, raw);
      const corner = [a * raw.width + c * raw.height + e, b * raw.width + d * raw.height + f];
      const [width, height] = orientation >= 5 ? [20, 30] : [30, 20];
      expect([
        [0, 0],
        [width, 0],
        [width, height],
        [0, height],
      ]).toContainEqual(corner.map((value) => value + 0));
    },
  );
});

describe("encodingsFor", () => {
  const types = (mimeType: string, hasAlpha: boolean) =>
    Array.from(new Set(encodingsFor(mimeType, hasAlpha).map(({ type }) => type)));

  it("never loses transparency", () => {
    for (const mimeType of ["image/png", "image/webp", "image/gif"]) {
      expect(types(mimeType, true)).not.toContain("image/jpeg");
    }
  });

  it("keeps the format first", () => {
    expect(types("image/png", true)).toEqual(["image/png", "image/webp"]);
    expect(types("image/webp", true)[0]).toBe("image/webp");
    expect(types("image/png", false)).toEqual(["image/png", "image/jpeg"]);
    expect(types("image/jpeg", false)).toEqual(["image/jpeg"]);
    expect(types("image/heic", false)).toEqual(["image/jpeg"]);
  });
});

describe("renamed", () => {
  it.each([
    ["harbour.jpg", "image/jpeg", "harbour.jpg"],
    ["Harbour.JPEG", "image/jpeg", "Harbour.JPEG"],
    ["IMG_0042.HEIC", "image/jpeg", "IMG_0042.jpg"],
    ["a.b.gif", "image/png", "a.b.png"],
    ["untitled", "image/webp", "untitled.webp"],
    [".hidden", "image/png", ".hidden.png"],
  ] as const)("calls %s as %s %s", (name, type, expected) => {
    expect(renamed(name, type)).toBe(expected);
  });
});
