import { describe, expect, it } from "vitest";
import {
  AS_IT_IS,
  changeDraft,
  changesSince,
  type Draft,
  type DraftImage,
  EMPTY_DRAFT,
  isWorthKeeping,
  onlyOn,
  textFor,
  toParts,
} from "./draft";

const image = (imageId: number, altText = ""): DraftImage => ({
  imageId,
  altText,
  name: `${imageId}.jpg`,
  thumbnailUrl: `/t/${imageId}`,
  thumbhash: "",
  width: 4,
  height: 3,
  isAi: false,
  userTags: [],
  ...AS_IT_IS,
});
const draft: Draft = {
  ...EMPTY_DRAFT,
  text: "Hello",
  channelIds: [2, 1],
  images: [image(1), image(2), image(3)],
};
const order = (changed: Draft) => changed.images.map(({ imageId }) => imageId);

describe("changing a draft", () => {
  it.each([
    ["to a place further on", 1, 2, [2, 3, 1]],
    ["to a place before", 3, 0, [3, 1, 2]],
    ["no further than the end", 1, 9, [2, 3, 1]],
    ["no further than the beginning", 2, -1, [2, 1, 3]],
    ["nowhere when it is no image of the post", 7, 0, [1, 2, 3]],
  ])("moves an image %s", (_words, imageId, to, result) => {
    expect(order(changeDraft(draft, { type: "moveImage", imageId, to }))).toEqual(result);
  });

  it("adds an image once, also when it comes twice at the same time", () => {
    const changed = changeDraft(draft, {
      type: "addImages",
      images: [image(3), image(4), image(4)],
    });
    expect(order(changed)).toEqual([1, 2, 3, 4]);
  });

  it("puts an image before those that overtook it on their way", () => {
    const add = (id: number, before: number[]) =>
      ({ type: "addImages", images: [image(id)], before }) as const;
    expect(order(changeDraft(draft, add(4, [3, 2])))).toEqual([1, 4, 2, 3]);
    expect(order(changeDraft(draft, add(4, [9])))).toEqual([1, 2, 3, 4]);
  });

  it("takes an image out, and keeps the first ones only", () => {
    expect(order(changeDraft(draft, { type: "removeImage", imageId: 2 }))).toEqual([1, 3]);
    expect(order(changeDraft(draft, { type: "keepFirst", count: 1 }))).toEqual([1]);
  });

  it("describes one image and leaves the others", () => {
    const changed = changeDraft(draft, { type: "describe", imageId: 2, altText: "Boats" });
    expect(changed.images.map(({ altText }) => altText)).toEqual(["", "Boats", ""]);
  });

  it("switches a channel on and off", () => {
    const off = changeDraft(draft, { type: "toggleChannel", channelId: 2 });
    expect(off.channelIds).toEqual([1]);
    expect(changeDraft(off, { type: "toggleChannel", channelId: 2 }).channelIds).toEqual([1, 2]);
  });
});

describe("what has changed since a draft was kept", () => {
  it("is nothing when only the order of pressing channels differs", () => {
    expect(changesSince(draft, { ...draft, channelIds: [1, 2] })).toBeNull();
  });

  it("is only what differs", () => {
    const changed = changeDraft(draft, { type: "write", text: "Hi" });
    expect(changesSince(draft, changed)).toEqual({ content_text: "Hi" });
  });

  it("is worth asking about when text or images differ, not for channels alone", () => {
    const channels = changeDraft(EMPTY_DRAFT, { type: "toggleChannel", channelId: 1 });
    expect(isWorthKeeping(EMPTY_DRAFT, channels)).toBe(false);
    expect(isWorthKeeping(EMPTY_DRAFT, { ...channels, text: "H" })).toBe(true);
    expect(
      isWorthKeeping(draft, changeDraft(draft, { type: "moveImage", imageId: 1, to: 1 })),
    ).toBe(true);
  });

  it("goes to the API with the alt text of each image", () => {
    expect(toParts({ ...draft, images: [image(5, "Boats")] })).toEqual({
      content_text: "Hello",
      images: [{ image_id: 5, alt_text: "Boats", user_tags: [], ...AS_IT_IS }],
      channel_ids: [1, 2],
      texts: [],
      ai_label: null,
      first_comment: null,
    });
  });

  it("says a channel's own text, which starts as the common one, until it is joined again", () => {
    const parted = changeDraft(draft, { type: "partText", channelId: 2 });
    const own = changeDraft(parted, { type: "write", text: "Only there", channelId: 2 });
    expect(parted.texts).toEqual({ 2: "Hello" });
    expect(changesSince(draft, own)).toEqual({
      texts: [{ channel_id: 2, content_text: "Only there" }],
    });
    // A channel that is not chosen says nothing, yet its words are there when it is chosen again.
    const without = changeDraft(own, { type: "toggleChannel", channelId: 2 });
    expect(toParts(without).texts).toEqual([]);
    expect(textFor(changeDraft(without, { type: "toggleChannel", channelId: 2 }), 2)).toBe(
      "Only there",
    );
    expect(changesSince(draft, changeDraft(own, { type: "joinText", channelId: 2 }))).toBeNull();
  });

  it("keeps how one image is framed and who is marked in it", () => {
    const framed = changeDraft(draft, {
      type: "frame",
      imageId: 2,
      framing: { focus: { x: 0.2, y: 0.8 } },
    });
    const marked = changeDraft(framed, {
      type: "tag",
      imageId: 2,
      userTags: [{ username: "ada", x: 0.1, y: 0.9 }],
    });
    expect(changesSince(draft, marked)?.images?.[1]).toEqual({
      image_id: 2,
      alt_text: "",
      framing: "crop",
      focus: { x: 0.2, y: 0.8 },
      background: AS_IT_IS.background,
      user_tags: [{ username: "ada", x: 0.1, y: 0.9 }],
    });
    expect(isWorthKeeping(draft, framed)).toBe(true);
  });

  it("goes to no channel that is not there any more, and says so to the server", () => {
    const open = onlyOn(draft, [{ id: 2 }, { id: 3 }]);
    expect(toParts(open).channel_ids).toEqual([2]);
    expect(changesSince(draft, open)).toEqual({ channel_ids: [2] });
    // Nobody wrote that: nothing is lost by closing.
    expect(isWorthKeeping(draft, open)).toBe(false);
    expect(onlyOn(draft, [{ id: 1 }, { id: 2 }])).toBe(draft);
  });

  it("asks for no first comment where only blanks are written", () => {
    const blank = changeDraft(draft, { type: "comment", firstComment: "  " });
    expect(changesSince(draft, blank)).toBeNull();
    expect(toParts({ ...blank, firstComment: " Hi " }).first_comment).toBe("Hi");
  });
});
