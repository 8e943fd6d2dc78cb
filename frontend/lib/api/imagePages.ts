import type { Image, ImageList } from "./types";

/**
 * A list of the library as far as it is known: pages by their number, from 1, with gaps between
 * them. What changes here changes the places of everything behind it, so the pages behind move up
 * or down by themselves; a place that nobody knows any more is unknown until its page is read again.
 */
export type Pages = ReadonlyMap<number, ImagePage>;

export interface ImagePage extends ImageList {
  /** Its images have moved since it was read: its cursor belongs to another place. */
  isMoved?: boolean;
}

/** Images on a page. */
export const PAGE_SIZE = 60;

/** The number of the page on which a place is. */
export function pageOf(index: number): number {
  return Math.floor(index / PAGE_SIZE) + 1;
}

/** What stands at a place; undefined where that is not known. */
export function imageAt(pages: Pages, index: number): Image | undefined {
  return pages.get(pageOf(index))?.images[index % PAGE_SIZE];
}

/** The place of an image; -1 when it is on no page that is known. */
export function indexOf(pages: Pages, imageId: number): number {
  for (const [number, page] of pages) {
    const place = page.images.findIndex(({ id }) => id === imageId);
    if (place >= 0) return (number - 1) * PAGE_SIZE + place;
  }
  return -1;
}

/** Every image that is known, in order. */
export function imagesOf(pages: Pages): Image[] {
  return [...pages].sort(([a], [b]) => a - b).flatMap(([, page]) => page.images);
}

/**
 * How many places the list has. A search counts to a limit: beyond it there are as many as have been
 * seen, and one page more while there is more.
 */
export function extentOf(pages: Pages): number {
  let extent = 0;
  for (const [number, page] of pages) {
    const seen = (number - 1) * PAGE_SIZE + page.images.length;
    const known = page.total_capped ? Math.max(page.total, seen) : page.total;
    const more =
      page.total_capped && page.next_cursor !== null ? number * PAGE_SIZE + PAGE_SIZE : 0;
    extent = Math.max(extent, known, more);
  }
  return extent;
}

/** Pages that follow each other without a gap. */
function runsOf(pages: Pages): Array<{ first: number; images: Image[]; last: ImagePage }> {
  const runs: Array<{ first: number; images: Image[]; last: ImagePage }> = [];
  let before = Number.NaN;
  for (const number of [...pages.keys()].sort((a, b) => a - b)) {
    const page = pages.get(number) as ImagePage;
    const run = runs.at(-1);
    // A page that is not full is followed by what is not known.
    if (run && number === before + 1 && run.images.length % PAGE_SIZE === 0) {
      run.images.push(...page.images);
      run.last = page;
    } else {
      runs.push({ first: number, images: [...page.images], last: page });
    }
    before = number;
  }
  return runs;
}

/** Lays images that begin at a place into pages; what does not begin a page is left out. */
function lay(into: Map<number, ImagePage>, start: number, images: Image[], like: ImagePage): void {
  const firstPage = Math.max(0, Math.ceil(start / PAGE_SIZE));
  let at = firstPage * PAGE_SIZE - start;
  for (let number = firstPage + 1; at < images.length; number++, at += PAGE_SIZE) {
    const shown = images.slice(at, at + PAGE_SIZE);
    const isEnd = at + PAGE_SIZE >= images.length;
    into.set(number, {
      ...like,
      images: shown,
      page: number,
      next_cursor: isEnd ? like.next_cursor : "more",
      isMoved: true,
    });
  }
}

/** The list without these images; what stood behind them moves up. */
export function takeOut(pages: Pages, imageIds: ReadonlySet<number>): Pages {
  let removed = 0;
  const next = new Map<number, ImagePage>();
  for (const { first, images, last } of runsOf(pages)) {
    const left = images.filter(({ id }) => !imageIds.has(id));
    lay(next, (first - 1) * PAGE_SIZE - removed, left, last);
    removed += images.length - left.length;
  }
  if (removed === 0) return pages;
  for (const [number, page] of pages) {
    if (!next.has(number)) next.set(number, { ...page, images: [], isMoved: true });
  }
  return withTotal(next, -removed);
}

/** The list with an image before all others. Pages that do not follow the first one stay as read. */
export function putFirst(pages: Pages, image: Image): Pages {
  return put(pages, 1, (images) => [image, ...images]);
}

/** The list with an image behind all others, where its end is known. */
export function putLast(pages: Pages, image: Image): Pages {
  const end = [...pages].find(([, page]) => page.next_cursor === null);
  if (!end) return withTotal(new Map(pages), 1);
  return put(pages, end[0], (images) => [...images, image]);
}

function put(pages: Pages, holding: number, add: (images: Image[]) => Image[]): Pages {
  const next = new Map(pages);
  for (const { first, images, last } of runsOf(pages)) {
    const reaches = first + Math.ceil(images.length / PAGE_SIZE);
    if (holding < first || holding >= Math.max(reaches, first + 1)) continue;
    const laid = new Map<number, ImagePage>();
    lay(laid, (first - 1) * PAGE_SIZE, add(images), last);
    for (const [number, page] of laid) {
      // What is pushed over the end of what is known is known no longer, unless it is the list's end.
      if (pages.has(number) || last.next_cursor === null) next.set(number, page);
    }
  }
  return withTotal(next, 1);
}

function withTotal(pages: Map<number, ImagePage>, change: number): Pages {
  for (const [number, page] of pages) {
    const total = Math.max(0, page.total + change);
    pages.set(number, { ...page, total, pages: Math.max(1, Math.ceil(total / PAGE_SIZE)) });
  }
  return pages;
}

/** The list with some images changed in their places. */
export function replaceImages(pages: Pages, changed: ReadonlyMap<number, Image>): Pages {
  const next = new Map<number, ImagePage>();
  let hasChanged = false;
  for (const [number, page] of pages) {
    if (!page.images.some(({ id }) => changed.has(id))) {
      next.set(number, page);
      continue;
    }
    hasChanged = true;
    next.set(number, {
      ...page,
      images: page.images.map((image) => changed.get(image.id) ?? image),
    });
  }
  return hasChanged ? next : pages;
}
