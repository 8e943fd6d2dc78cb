import { describe, expect, it } from "vitest";
import {
  extentOf,
  type ImagePage,
  imageAt,
  indexOf,
  PAGE_SIZE,
  type Pages,
  pageOf,
  putFirst,
  putLast,
  replaceImages,
  takeOut,
} from "./imagePages";
import type { Image } from "./types";

const image = (id: number) => ({ id }) as Image;

/** A list of `total` images with the ids 1, 2, 3 … in this order, of which some pages are known. */
function list(total: number, ...known: number[]): Pages {
  return new Map(
    known.map((number): [number, ImagePage] => {
      const from = (number - 1) * PAGE_SIZE;
      const count = Math.min(PAGE_SIZE, total - from);
      return [
        number,
        {
          images: Array.from({ length: count }, (_, place) => image(from + place + 1)),
          total,
          total_capped: false,
          page: number,
          pages: Math.ceil(total / PAGE_SIZE),
          next_cursor: from + count < total ? "more" : null,
        },
      ];
    }),
  );
}

const idAt = (pages: Pages, index: number) => imageAt(pages, index)?.id;

describe("a list that is known in parts", () => {
  it("tells what stands where, and where it does not know", () => {
    const pages = list(1000, 1, 9);
    expect(idAt(pages, 0)).toBe(1);
    expect(idAt(pages, 59)).toBe(60);
    expect(idAt(pages, 60)).toBeUndefined();
    expect(idAt(pages, 500)).toBe(501);
    expect(indexOf(pages, 501)).toBe(500);
    expect(indexOf(pages, 61)).toBe(-1);
    expect(pageOf(59)).toBe(1);
    expect(pageOf(60)).toBe(2);
  });

  it("is as long as the server says, or as what was seen of a search that is counted to a limit", () => {
    expect(extentOf(list(1000, 3))).toBe(1000);
    const searched = new Map(
      [...list(5000, 1, 17)].map(([number, page]) => [
        number,
        { ...page, total: 1000, total_capped: true },
      ]),
    );
    expect(extentOf(searched)).toBe(18 * PAGE_SIZE);
    expect(extentOf(new Map())).toBe(0);
  });
});

describe("images that are taken out", () => {
  it("let what stood behind them move up, over the edges of pages", () => {
    const pages = takeOut(list(150, 1, 2, 3), new Set([2, 61]));
    expect([0, 1, 58, 59, 60].map((index) => idAt(pages, index))).toEqual([1, 3, 60, 62, 63]);
    expect(idAt(pages, 147)).toBe(150);
    expect(extentOf(pages)).toBe(148);
  });

  it("leave unknown what moves up from a page that is not known", () => {
    const pages = takeOut(list(1000, 1, 9), new Set([1]));
    expect(idAt(pages, 0)).toBe(2);
    expect(idAt(pages, 59)).toBeUndefined();
    // The first image of page 9 stands on page 8 now; the others moved up by one.
    expect(idAt(pages, 480)).toBe(482);
    expect(indexOf(pages, 481)).toBe(-1);
    expect(pages.get(9)?.total).toBe(999);
  });

  it("may be more than a page, and all that is known", () => {
    const many = new Set(Array.from({ length: 130 }, (_, index) => index + 1));
    const pages = takeOut(list(1000, 1, 2, 3, 9), many);
    expect(idAt(pages, 0)).toBe(131);
    expect(idAt(pages, 49)).toBe(180);
    expect(idAt(pages, 50)).toBeUndefined();
    // Page 9 began at 480: its images begin at 350 now, and only what begins a page is kept.
    expect(idAt(pages, 360)).toBe(491);
    expect(pages.get(9)?.images).toEqual([]);
    expect(extentOf(pages)).toBe(870);
    expect(extentOf(takeOut(list(2, 1), new Set([1, 2])))).toBe(0);
  });

  it("change nothing where they are not", () => {
    const pages = list(100, 1);
    expect(takeOut(pages, new Set([999]))).toBe(pages);
  });
});

describe("an image that is put in", () => {
  it("stands first and moves the others down; far pages stay as they were read", () => {
    const pages = putFirst(list(1000, 1, 2, 9), image(2000));
    expect([0, 1, 60, 119].map((index) => idAt(pages, index))).toEqual([2000, 1, 60, 119]);
    expect(idAt(pages, 120)).toBeUndefined();
    expect(idAt(pages, 480)).toBe(481);
    expect(extentOf(pages)).toBe(1001);
  });

  it("opens a new page at the end of a list that is known to its end", () => {
    const pages = putFirst(list(60, 1), image(2000));
    expect(idAt(pages, 60)).toBe(60);
    expect(idAt(putLast(list(60, 1), image(61)), 60)).toBe(61);
    expect(idAt(putFirst(list(0, 1), image(1)), 0)).toBe(1);
  });

  it("stands last only where the end is known", () => {
    expect(idAt(putLast(list(70, 2), image(71)), 70)).toBe(71);
    const pages = putLast(list(1000, 1), image(2000));
    expect(indexOf(pages, 2000)).toBe(-1);
    expect(extentOf(pages)).toBe(1001);
  });
});

it("images are changed in their places", () => {
  const pages = list(100, 1);
  const changed = { id: 7, alt_text: "new" } as Image;
  expect(imageAt(replaceImages(pages, new Map([[7, changed]])), 6)).toBe(changed);
  expect(replaceImages(pages, new Map([[700, changed]]))).toBe(pages);
});
