import type { ChannelCheck, Rendition } from "@/lib/api/types";
import type { Draft, DraftImage } from "./draft";

/** An image of the post and the file that would be sent for it, once the server has made it. */
export interface Slide {
  image: DraftImage;
  rendition: Rendition | null;
}

/** What a channel would get, in the order of the post. What is over its limit does not go out. */
export function slidesOf(draft: Draft, check: ChannelCheck | undefined, max: number): Slide[] {
  return draft.images.slice(0, Math.max(max, 0)).map((image) => ({
    image,
    rendition: check?.renditions.find((it) => it.image_id === image.imageId) ?? null,
  }));
}
