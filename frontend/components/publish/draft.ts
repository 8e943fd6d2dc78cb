import type { Image, Post, PostChange, PostImage, PostInput } from "@/lib/api/types";

/** An image at its place in the post that is being written. */
export interface DraftImage {
  imageId: number;
  /** What goes out with it; starts as the image's own. */
  altText: string;
  name: string;
  thumbnailUrl: string;
  thumbhash: string;
  width: number;
  height: number;
  isAi: boolean;
}

/** What the person has written so far. An image is in a post once. */
export interface Draft {
  text: string;
  channelIds: readonly number[];
  images: readonly DraftImage[];
}

export const EMPTY_DRAFT: Draft = { text: "", channelIds: [], images: [] };

export type DraftAction =
  | { type: "write"; text: string }
  | { type: "toggleChannel"; channelId: number }
  /** At the end, or before the first of `before` that is in the post. */
  | { type: "addImages"; images: readonly DraftImage[]; before?: readonly number[] }
  | { type: "removeImage"; imageId: number }
  | { type: "keepFirst"; count: number }
  | { type: "moveImage"; imageId: number; to: number }
  | { type: "describe"; imageId: number; altText: string };

export function changeDraft(draft: Draft, action: DraftAction): Draft {
  switch (action.type) {
    case "write":
      return { ...draft, text: action.text };
    case "toggleChannel": {
      const { channelId } = action;
      const channelIds = draft.channelIds.includes(channelId)
        ? draft.channelIds.filter((id) => id !== channelId)
        : [...draft.channelIds, channelId];
      return { ...draft, channelIds };
    }
    case "addImages": {
      const known = new Set(draft.images.map((image) => image.imageId));
      const fresh = action.images.filter(
        ({ imageId }) => !known.has(imageId) && known.add(imageId),
      );
      if (!fresh.length) return draft;
      const at = draft.images.findIndex(({ imageId }) => action.before?.includes(imageId));
      const place = at < 0 ? draft.images.length : at;
      const { images } = draft;
      return { ...draft, images: [...images.slice(0, place), ...fresh, ...images.slice(place)] };
    }
    case "removeImage":
      return { ...draft, images: draft.images.filter((it) => it.imageId !== action.imageId) };
    case "keepFirst":
      return { ...draft, images: draft.images.slice(0, action.count) };
    case "moveImage":
      return { ...draft, images: moveTo(draft.images, action.imageId, action.to) };
    case "describe":
      return {
        ...draft,
        images: draft.images.map((image) =>
          image.imageId === action.imageId ? { ...image, altText: action.altText } : image,
        ),
      };
  }
}

function moveTo(images: readonly DraftImage[], imageId: number, to: number) {
  const image = images.find((candidate) => candidate.imageId === imageId);
  const place = Math.max(0, Math.min(to, images.length - 1));
  if (!image || images.indexOf(image) === place) return images;
  const rest = images.filter((candidate) => candidate !== image);
  return [...rest.slice(0, place), image, ...rest.slice(place)];
}

/** An image of the library, ready to stand in a post. */
export function fromLibrary(image: Image): DraftImage {
  return {
    imageId: image.id,
    altText: image.alt_text,
    name: image.original_filename,
    thumbnailUrl: image.thumbnail_url,
    thumbhash: image.thumbhash,
    width: image.width,
    height: image.height,
    isAi: image.is_ai_generated,
  };
}

function fromPostImage(image: PostImage): DraftImage {
  return {
    imageId: image.image_id,
    altText: image.alt_text,
    name: image.original_filename,
    thumbnailUrl: image.thumbnail_url,
    thumbhash: image.thumbhash,
    width: image.width,
    height: image.height,
    isAi: image.is_ai_generated,
  };
}

/** A kept post, ready to be written on. */
export function fromPost(post: Post): Draft {
  return {
    text: post.content_text,
    channelIds: post.channel_ids,
    images: post.images.map(fromPostImage),
  };
}

type Parts = Required<Pick<PostInput, "content_text" | "images" | "channel_ids">>;

/** The post as the API takes it. Channels in a fixed order: which was pressed first means nothing. */
export function toParts(draft: Draft): Parts {
  return {
    content_text: draft.text,
    images: draft.images.map((image) => ({ image_id: image.imageId, alt_text: image.altText })),
    channel_ids: [...draft.channelIds].sort((a, b) => a - b),
  };
}

/** Only what differs from what is kept; null when nothing does. */
export function changesSince(kept: Draft, draft: Draft): PostChange | null {
  const before = toParts(kept);
  const after = toParts(draft);
  const change: PostChange = {};
  if (before.content_text !== after.content_text) change.content_text = after.content_text;
  if (!isSame(before.images, after.images)) change.images = after.images;
  if (!isSame(before.channel_ids, after.channel_ids)) change.channel_ids = after.channel_ids;
  return Object.keys(change).length ? change : null;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Whether there is anything that would be missed. Which channels are chosen alone is not. */
export function isWorthKeeping(kept: Draft, draft: Draft): boolean {
  const change = changesSince(kept, draft);
  return change?.content_text !== undefined || change?.images !== undefined;
}
