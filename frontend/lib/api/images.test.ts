import { QueryClient } from "@tanstack/react-query";
import { beforeEach, describe, expect, it } from "vitest";
import { extentOf, type ImagePage } from "./imagePages";
import {
  findListedImage,
  forgetFarPages,
  imagePageQuery,
  knownPages,
  type LibraryView,
  showNewImage,
} from "./images";
import type { Image } from "./types";

let client: QueryClient;

beforeEach(() => {
  client = new QueryClient();
});

const image = (id: number, some: Partial<Image> = {}) =>
  ({ id, is_ai_generated: false, edited_from_id: null, usage_count: 0, ...some }) as Image;

function hold(view: LibraryView, ids: number[], next: string | null = null, number = 1) {
  client.setQueryData<ImagePage>(imagePageQuery(1, view, number).queryKey, {
    images: ids.map((id) => image(id)),
    total: ids.length,
    total_capped: false,
    page: number,
    pages: 1,
    next_cursor: next,
  });
}

function held(view: LibraryView) {
  const pages = knownPages(client, 1, view);
  return {
    ids: [...pages.values()].flatMap((page) => page.images.map(({ id }) => id)),
    total: extentOf(pages),
  };
}

describe("an image that has just come", () => {
  it("stands first among the newest and is counted", () => {
    hold({}, [3, 2, 1]);
    showNewImage(client, 1, image(4));
    expect(held({})).toEqual({ ids: [4, 3, 2, 1], total: 4 });
  });

  it("stands last among the oldest, where the end is known", () => {
    hold({ sort: "created_at_asc" }, [1, 2]);
    showNewImage(client, 1, image(3));
    expect(held({ sort: "created_at_asc" })).toEqual({ ids: [1, 2, 3], total: 3 });
    hold({ sort: "created_at_asc" }, [1, 2], "more");
    showNewImage(client, 1, image(3));
    expect(held({ sort: "created_at_asc" })).toEqual({ ids: [1, 2], total: 3 });
  });

  it("shows only where its kind does", () => {
    hold({ filter: "ai_generated" }, [1]);
    hold({ filter: "uploaded" }, [2]);
    hold({ filter: "trashed" }, [3]);
    hold({ search: "boat" }, [4]);
    hold({ tag: "boat" }, [5]);
    showNewImage(client, 1, image(9, { is_ai_generated: true }));
    expect(held({ filter: "ai_generated" }).ids).toEqual([9, 1]);
    expect(held({ filter: "uploaded" }).ids).toEqual([2]);
    expect(held({ filter: "trashed" }).ids).toEqual([3]);
    expect(held({ search: "boat" }).ids).toEqual([4]);
    expect(held({ tag: "boat" }).ids).toEqual([5]);
  });

  it("stands among the edited ones where it was made from another", () => {
    hold({ filter: "edited" }, [1]);
    showNewImage(client, 1, image(8));
    showNewImage(client, 1, image(9, { edited_from_id: 8 }));
    expect(held({ filter: "edited" }).ids).toEqual([9, 1]);
  });

  it("is not shown twice", () => {
    hold({}, [2, 1]);
    showNewImage(client, 1, image(2));
    expect(held({})).toEqual({ ids: [2, 1], total: 2 });
  });

  it("can be found by its id, in its own business only", () => {
    hold({}, [2, 1]);
    expect(findListedImage(client, 1, 1)?.id).toBe(1);
    expect(findListedImage(client, 2, 1)).toBeUndefined();
  });
});

it("pages far from the view are forgotten, those of other views are not", () => {
  for (const number of [1, 2, 3]) hold({}, [number], "more", number);
  hold({ filter: "unused" }, [9]);
  forgetFarPages(client, 1, {}, (number) => number === 2);
  expect([...knownPages(client, 1, {}).keys()]).toEqual([2]);
  expect(held({ filter: "unused" }).ids).toEqual([9]);
});
