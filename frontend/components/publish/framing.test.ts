import { expect, it } from "vitest";
import type { Channel, Placement } from "@/lib/api/types";
import { AS_IT_IS, type DraftImage, EMPTY_DRAFT } from "./draft";
import { clampPoint, cropBox, framesOf, nudged, placementFor } from "./framing";
import { gridOf, SHOWN } from "./photoGrid";

const placement = (name: Placement["name"], some: Partial<Placement>): Placement => ({
  name,
  is_offered: true,
  min_images: 1,
  max_images: 1,
  formats: [],
  max_bytes: null,
  min_ratio: { width: 4, height: 5 },
  max_ratio: { width: 191, height: 100 },
  min_width: null,
  max_width: null,
  is_one_shape: false,
  takes_text: true,
  takes_alt_text: true,
  max_alt_text: 1000,
  takes_user_tags: true,
  max_user_tags: 20,
  takes_ai_label: true,
  ...some,
});
const free = { min_ratio: null, max_ratio: null };
const rulesOf = (min_images: number, ...placements: Placement[]) => ({
  min_images,
  max_images: 10,
  placements,
});
const instagram = {
  platform: "instagram",
  rules: rulesOf(
    1,
    placement("story", { is_offered: false }),
    placement("feed", {}),
    placement("carousel", { min_images: 2, max_images: 10, is_one_shape: true }),
  ),
} as Channel;
const facebook = {
  platform: "facebook",
  rules: rulesOf(0, placement("photos", { ...free, min_images: 2, max_images: 10 })),
} as Channel;
const image = (imageId: number, width: number, height: number) =>
  ({ imageId, width, height, ...AS_IT_IS }) as DraftImage;

it("finds the place of a post by the number of its images, also out of bounds", () => {
  const names = [0, 1, 2, 99].map((count) => placementFor(instagram.rules, count)?.name);
  expect(names).toEqual(["feed", "feed", "carousel", "carousel"]);
});

it("gives every image of a carousel the first one's shape, and a Page its own", () => {
  const images = [image(1, 800, 1600), image(2, 1000, 1000), image(3, 800, 1000)];
  const frames = (id: number) =>
    framesOf({ ...EMPTY_DRAFT, images }, id, [instagram, facebook, instagram]);
  expect(frames(1)).toEqual([
    { platform: "instagram", ratio: 0.8, isNeeded: true },
    { platform: "facebook", ratio: 0.5, isNeeded: false },
  ]);
  expect(frames(2)[0]).toMatchObject({ ratio: 0.8, isNeeded: true });
  expect(frames(3)[0]).toMatchObject({ isNeeded: false });
  expect(frames(7)).toEqual([]);
});

it("crops around the focus and stays inside of the picture", () => {
  const wide = { width: 2000, height: 1000 };
  expect(cropBox(wide, 1, { x: 0.5, y: 0.5 })).toEqual({ x: 0.25, y: 0, width: 0.5, height: 1 });
  expect(cropBox(wide, 1, { x: 0, y: 0.9 }).x).toBe(0);
  expect(cropBox(wide, 4, { x: 0.5, y: 1 })).toEqual({ x: 0, y: 0.5, width: 1, height: 0.5 });
});

it("moves a point with arrow keys, further with Shift, never out of the picture", () => {
  const press = (key: string, shiftKey = false) => nudged({ x: 0.99, y: 0.5 }, { key, shiftKey });
  expect(press("ArrowRight")).toEqual({ x: 1, y: 0.5 });
  expect(press("ArrowUp", true)).toEqual({ x: 0.99, y: 0.4 });
  expect(press("Enter")).toBeUndefined();
  expect(clampPoint({ x: 0.12345, y: -3 })).toEqual({ x: 0.123, y: 0 });
});

it.each([2, 3, 4, 5])(
  "lays %i photos out without a gap, whatever the first one's shape",
  (count) => {
    for (const ratio of [0.5, 1, 1.8]) {
      const { columns, cells } = gridOf(count, ratio);
      const area = cells.reduce((sum, cell) => sum + cell.columns * cell.rows, 0);
      expect(cells).toHaveLength(Math.min(count, SHOWN));
      expect(area % columns).toBe(0);
    }
    expect(gridOf(9, 1)).toEqual(gridOf(5, 1));
  },
);
