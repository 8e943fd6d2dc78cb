import type { Channel, Placement, Platform } from "@/lib/api/types";
import type { Draft, DraftImage } from "./draft";

/** A part of a picture, 0..1 of its sides from top left. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

type Sides = Pick<DraftImage, "width" | "height">;
type Rules = Channel["rules"];

/** Where a post with so many images appears; too many or too few count as the nearest number. */
export function placementFor(rules: Rules, imageCount: number): Placement | undefined {
  const count = Math.max(rules.min_images, Math.min(imageCount, rules.max_images));
  return rules.placements.find(
    (it) => it.is_offered && it.min_images <= count && count <= it.max_images,
  );
}

/** The shape of an image there, width to height: its own where nothing speaks against it. */
function shapeOf({ width, height }: Sides, { min_ratio, max_ratio }: Placement): number {
  const low = min_ratio ? min_ratio.width / min_ratio.height : 0;
  const high = max_ratio ? max_ratio.width / max_ratio.height : Number.POSITIVE_INFINITY;
  return Math.min(high, Math.max(low, width / height));
}

/** The shape that a platform gives an image of the post; `isNeeded`: it is not the image's own. */
export interface Frame {
  platform: Platform;
  ratio: number;
  isNeeded: boolean;
}

/** What each chosen platform makes of an image, in the order of the channels. */
export function framesOf(draft: Draft, imageId: number, chosen: readonly Channel[]): Frame[] {
  const image = draft.images.find((it) => it.imageId === imageId);
  const [first] = draft.images;
  if (!image || !first) return [];
  const seen = new Set<Platform>();
  return chosen.flatMap(({ platform, rules }) => {
    const placement = placementFor(rules, draft.images.length);
    if (!placement || seen.has(platform)) return [];
    seen.add(platform);
    const ratio = shapeOf(placement.is_one_shape ? first : image, placement);
    // Less than half a pixel of the longer side is no difference.
    const own = image.width / image.height;
    const isNeeded = Math.abs(ratio / own - 1) > 0.5 / Math.max(image.width, image.height);
    return [{ platform, ratio, isNeeded }];
  });
}

/** The largest part of this shape whose middle is as near to the focus as the picture's edges let it. */
export function cropBox({ width, height }: Sides, ratio: number, focus: { x: number; y: number }) {
  const own = width / height;
  const size = own < ratio ? { width: 1, height: own / ratio } : { width: ratio / own, height: 1 };
  const place = (middle: number, length: number) =>
    Math.max(0, Math.min(middle - length / 2, 1 - length));
  const box: Box = { x: place(focus.x, size.width), y: place(focus.y, size.height), ...size };
  return box;
}

/** A point inside of the picture, to the thousandth as it is kept. */
export function clampPoint({ x, y }: { x: number; y: number }): { x: number; y: number } {
  const clamp = (value: number) => Math.round(Math.max(0, Math.min(1, value)) * 1000) / 1000;
  return { x: clamp(x), y: clamp(y) };
}

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Where an arrow key moves a point, with Shift in larger steps; undefined for another key. */
export function nudged(
  { x, y }: { x: number; y: number },
  { key, shiftKey }: { key: string; shiftKey: boolean },
): { x: number; y: number } | undefined {
  const step = STEPS[key];
  const length = shiftKey ? 0.1 : 0.02;
  return step && clampPoint({ x: x + step[0] * length, y: y + step[1] * length });
}
