import type {
  Channel,
  Image,
  Post,
  PostChange,
  PostImage,
  PostInput,
  UserTag,
} from "@/lib/api/types";
import { WHITE } from "./colour";

/** How an image is brought into another shape, where a platform needs one. */
export interface Framing {
  framing: "crop" | "fit";
  /** The middle of what must stay, 0..1 from top left. */
  focus: { x: number; y: number };
  /** Around an image that is fitted, `#rrggbb`. */
  background: string;
}

export const AS_IT_IS: Framing = {
  framing: "crop",
  focus: { x: 0.5, y: 0.5 },
  background: WHITE,
};

/** An image at its place in the post that is being written. */
export interface DraftImage extends Framing {
  imageId: number;
  /** What goes out with it; starts as the image's own. */
  altText: string;
  name: string;
  thumbnailUrl: string;
  thumbhash: string;
  width: number;
  height: number;
  isAi: boolean;
  /** Accounts that are marked in the picture as it is sent. */
  userTags: readonly UserTag[];
}

/** What the person has written so far. An image is in a post once. */
export interface Draft {
  text: string;
  channelIds: readonly number[];
  images: readonly DraftImage[];
  /** Texts of their own, by channel; `text` is for all others. */
  texts: Readonly<Record<number, string>>;
  /** Whether AI-made images are labelled as such; null: as the business does. */
  aiLabel: boolean | null;
  /** Written under the post once it is out; null: none is wanted. */
  firstComment: string | null;
}

export const EMPTY_DRAFT: Draft = {
  text: "",
  channelIds: [],
  images: [],
  texts: {},
  aiLabel: null,
  firstComment: null,
};

/** The same without channels that are not there any more: nothing goes where nobody sees that it does. */
export function onlyOn(draft: Draft, channels: readonly Pick<Channel, "id">[]): Draft {
  const ids = new Set(channels.map(({ id }) => id));
  const channelIds = draft.channelIds.filter((id) => ids.has(id));
  return channelIds.length === draft.channelIds.length ? draft : { ...draft, channelIds };
}

/** What a channel gets to say. */
export function textFor(draft: Draft, channelId: number): string {
  return draft.texts[channelId] ?? draft.text;
}

/** Whether anybody would read something: the text of all, or one that a chosen channel has of its own. */
export function hasText({ text, texts, channelIds }: Draft): boolean {
  return Boolean(text.trim()) || channelIds.some((id) => texts[id]?.trim());
}

export type DraftAction =
  /** Without a channel: the text of all that have none of their own. */
  | { type: "write"; text: string; channelId?: number | undefined }
  /** A channel gets a text of its own, which starts as the common one; or the common one again. */
  | { type: "partText"; channelId: number }
  | { type: "joinText"; channelId: number }
  | { type: "frame"; imageId: number; framing: Partial<Framing> }
  | { type: "tag"; imageId: number; userTags: readonly UserTag[] }
  | { type: "untagAll" }
  | { type: "labelAi"; aiLabel: boolean | null }
  | { type: "comment"; firstComment: string | null }
  | { type: "toggleChannel"; channelId: number }
  /** At the end, or before the first of `before` that is in the post. */
  | { type: "addImages"; images: readonly DraftImage[]; before?: readonly number[] }
  | { type: "removeImage"; imageId: number }
  | { type: "keepFirst"; count: number }
  | { type: "moveImage"; imageId: number; to: number }
  | { type: "describe"; imageId: number; altText: string };

export function changeDraft(draft: Draft, action: DraftAction): Draft {
  switch (action.type) {
    case "write": {
      const { text, channelId } = action;
      if (channelId === undefined) return { ...draft, text };
      return { ...draft, texts: { ...draft.texts, [channelId]: text } };
    }
    case "partText": {
      const { channelId } = action;
      return { ...draft, texts: { ...draft.texts, [channelId]: textFor(draft, channelId) } };
    }
    case "joinText": {
      const { [action.channelId]: _own, ...texts } = draft.texts;
      return { ...draft, texts };
    }
    case "frame":
      return changeImage(draft, action.imageId, action.framing);
    case "tag":
      return changeImage(draft, action.imageId, { userTags: action.userTags });
    case "untagAll":
      return { ...draft, images: draft.images.map((image) => ({ ...image, userTags: [] })) };
    case "labelAi":
      return { ...draft, aiLabel: action.aiLabel };
    case "comment":
      return { ...draft, firstComment: action.firstComment };
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
      return changeImage(draft, action.imageId, { altText: action.altText });
  }
}

function changeImage(draft: Draft, imageId: number, change: Partial<DraftImage>): Draft {
  return {
    ...draft,
    images: draft.images.map((image) =>
      image.imageId === imageId ? { ...image, ...change } : image,
    ),
  };
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
    userTags: [],
    ...AS_IT_IS,
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
    userTags: image.user_tags,
    framing: image.framing,
    focus: image.focus,
    background: image.background,
  };
}

/** A kept post, ready to be written on. */
export function fromPost(post: Post): Draft {
  return {
    text: post.content_text,
    channelIds: post.channel_ids,
    images: post.images.map(fromPostImage),
    texts: Object.fromEntries(post.texts.map((it) => [it.channel_id, it.content_text])),
    aiLabel: post.ai_label,
    firstComment: post.first_comment,
  };
}

type Parts = Required<
  Pick<
    PostInput,
    "content_text" | "images" | "channel_ids" | "texts" | "ai_label" | "first_comment"
  >
>;

/** The post as the API takes it. Channels in a fixed order: which was pressed first means nothing. Texts
 * of channels that are not chosen stay here. */
export function toParts(draft: Draft): Parts {
  const channelIds = [...draft.channelIds].sort((a, b) => a - b);
  return {
    content_text: draft.text,
    images: draft.images.map((image) => ({
      image_id: image.imageId,
      alt_text: image.altText,
      framing: image.framing,
      focus: image.focus,
      background: image.background,
      user_tags: image.userTags.map(({ username, x, y }) => ({ username, x, y })),
    })),
    channel_ids: channelIds,
    texts: channelIds.flatMap((id) => {
      const own = draft.texts[id];
      return own === undefined ? [] : [{ channel_id: id, content_text: own }];
    }),
    ai_label: draft.aiLabel,
    first_comment: draft.firstComment?.trim() || null,
  };
}

/** Only what differs from what is kept; null when nothing does. */
export function changesSince(kept: Draft, draft: Draft): PostChange | null {
  const before = toParts(kept);
  const after = toParts(draft);
  const change: PostChange = {};
  for (const name of Object.keys(after) as (keyof Parts)[]) {
    if (!isSame(before[name], after[name])) Object.assign(change, { [name]: after[name] });
  }
  return Object.keys(change).length ? change : null;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Whether there is anything that would be missed. Which channels are chosen alone is not. */
export function isWorthKeeping(kept: Draft, draft: Draft): boolean {
  const change = changesSince(kept, draft);
  if (change === null) return false;
  const { channel_ids: _channels, ...rest } = change;
  return Object.keys(rest).length > 0;
}
