import { type InfiniteData, QueryClient } from "@tanstack/react-query";
import { beforeEach, describe, expect, it } from "vitest";
import { findListedImage, imageListQuery, type LibraryView, showNewImage } from "./images";
import type { Image, ImageList } from "./types";

let client: QueryClient;

beforeEach(() => {
  client = new QueryClient();
});

const image = (id: number, some: Partial<Image> = {}) =>
  ({ id, is_ai_generated: false, usage_count: 0, ...some }) as Image;

function hold(view: LibraryView, pages: number[][], next: string | null = null) {
  const total = pages.flat().length;
  client.setQueryData<InfiniteData<ImageList, string | null>>(imageListQuery(1, view).queryKey, {
    pages: pages.map((ids, index) => ({
      images: ids.map((id) => image(id)),
      total,
      total_capped: false,
      page: 1,
      pages: 1,
      next_cursor: index < pages.length - 1 ? "more" : next,
    })),
    pageParams: pages.map(() => null),
  });
}

function held(view: LibraryView) {
  const data = client.getQueryData<InfiniteData<ImageList, string | null>>(
    imageListQuery(1, view).queryKey,
  );
  return {
    ids: data?.pages.map((page) => page.images.map(({ id }) => id)),
    total: data?.pages[0]?.total,
  };
}

describe("an image that has just come", () => {
  it("stands first among the newest and is counted", () => {
    hold({}, [[3, 2], [1]]);
    showNewImage(client, 1, image(4));
    expect(held({})).toEqual({ ids: [[4, 3, 2], [1]], total: 4 });
  });

  it("stands last among the oldest, where the end is known", () => {
    hold({ sort: "created_at_asc" }, [[1, 2]]);
    showNewImage(client, 1, image(3));
    expect(held({ sort: "created_at_asc" })).toEqual({ ids: [[1, 2, 3]], total: 3 });
    hold({ sort: "created_at_asc" }, [[1, 2]], "more");
    showNewImage(client, 1, image(3));
    expect(held({ sort: "created_at_asc" })).toEqual({ ids: [[1, 2]], total: 3 });
  });

  it("shows only where its kind does", () => {
    hold({ filter: "ai_generated" }, [[1]]);
    hold({ filter: "uploaded" }, [[2]]);
    hold({ filter: "trashed" }, [[3]]);
    hold({ search: "boat" }, [[4]]);
    showNewImage(client, 1, image(9, { is_ai_generated: true }));
    expect(held({ filter: "ai_generated" }).ids).toEqual([[9, 1]]);
    expect(held({ filter: "uploaded" }).ids).toEqual([[2]]);
    expect(held({ filter: "trashed" }).ids).toEqual([[3]]);
    expect(held({ search: "boat" }).ids).toEqual([[4]]);
  });

  it("is not shown twice", () => {
    hold({}, [[2, 1]]);
    showNewImage(client, 1, image(2));
    expect(held({})).toEqual({ ids: [[2, 1]], total: 2 });
  });

  it("can be found by its id, in its own business only", () => {
    hold({}, [[2, 1]]);
    expect(findListedImage(client, 1, 1)?.id).toBe(1);
    expect(findListedImage(client, 2, 1)).toBeUndefined();
  });
});
