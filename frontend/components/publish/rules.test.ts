import { describe, expect, it } from "vitest";
import type { Channel, ChannelCheck } from "@/lib/api/types";
import { AS_IT_IS, type Draft, type DraftImage, EMPTY_DRAFT } from "./draft";
import { goneProblems, maxImages, needsImage, problemsOf, serverProblems } from "./rules";

const instagram: Channel = {
  id: 1,
  platform: "instagram",
  name: "harbourcoffee",
  external_id: "1",
  account_url: "http://localhost:8000/practice/instagram/1",
  status: "connected",
  is_practice: true,
  login: "facebook",
  token_expires_at: null,
  data_access_expires_at: null,
  checked_at: null,
  missing_permissions: [],
  problem: null,
  quota: null,
  tried_again_at: null,
  waiting_posts: [],
  rules: {
    min_images: 1,
    max_images: 1,
    max_characters: 2200,
    max_hashtags: 30,
    max_mentions: 20,
    max_alt_text: 1000,
    placements: [],
    first_comment: null,
  },
};
const facebook: Channel = {
  ...instagram,
  id: 2,
  platform: "facebook",
  name: "Harbour Coffee",
  rules: {
    min_images: 0,
    max_images: 1,
    max_characters: 63206,
    max_hashtags: null,
    max_mentions: null,
    max_alt_text: 1000,
    placements: [],
    first_comment: null,
  },
};
const image = (imageId: number, altText = ""): DraftImage => ({
  imageId,
  altText,
  name: `${imageId}.jpg`,
  thumbnailUrl: "",
  thumbhash: "",
  width: 1,
  height: 1,
  isAi: false,
  userTags: [],
  ...AS_IT_IS,
});
const withText = (text: string): Draft => ({ ...EMPTY_DRAFT, text, images: [image(1)] });
const said = (draft: Draft, ...chosen: Channel[]) =>
  problemsOf(draft, chosen).map(({ message, fix }) => `${message} ${fix}`);

describe("rules are told in the server's words", () => {
  it("Instagram without an image", () => {
    const draft = { ...EMPTY_DRAFT, text: "Hello" };
    expect(problemsOf(draft, [instagram, facebook])).toMatchObject([
      {
        code: "instagram_requires_image",
        message: "Instagram requires at least one image",
        isBlocking: true,
        place: "images",
      },
    ]);
    expect(needsImage([instagram, facebook])).toBe(true);
    expect(needsImage([facebook])).toBe(false);
  });

  it("too many hashtags, mentions and characters", () => {
    expect(said(withText("#a ".repeat(31)), instagram)).toEqual([
      "Instagram takes 30 hashtags, and this text has 31. Take out 1.",
    ]);
    expect(said(withText("@a ".repeat(22)), instagram)).toEqual([
      "Instagram takes 20 mentions, and this text has 22. Take out 2.",
    ]);
    expect(said(withText("x".repeat(2210)), instagram, facebook)).toEqual([
      "Instagram takes 2,200 characters, and this text has 2,210. Shorten it by 10.",
    ]);
  });

  it("too many images, once for both platforms, by the one that takes least", () => {
    const draft = { ...EMPTY_DRAFT, images: [image(1), image(2), image(3)] };
    const roomy = { ...facebook, rules: { ...facebook.rules, max_images: 2 } };
    expect(said(draft, roomy, instagram)).toEqual([
      "Instagram takes 1 image here, and this post has 3. Take out 2.",
    ]);
    expect(maxImages([roomy, instagram])).toBe(1);
    expect(maxImages([])).toBeNull();
  });

  it("a long alt text, counted as the platform may count it", () => {
    const draft = { ...EMPTY_DRAFT, images: [image(4, "🚢".repeat(500))] };
    expect(said(draft, instagram)).toEqual([]);
    expect(
      problemsOf({ ...draft, images: [image(4, "🚢".repeat(501))] }, [instagram, facebook]),
    ).toMatchObject([{ code: "alt_text_too_long", imageId: 4 }]);
  });

  it("an empty post, on a platform that takes text alone", () => {
    expect(said(EMPTY_DRAFT, facebook)).toEqual([
      "There is nothing to publish yet. Write a text or add an image.",
    ]);
  });

  it("a channel that is not connected, without limits that nobody knows", () => {
    const gone: Channel = {
      ...instagram,
      status: "reconnect_needed",
      rules: { ...instagram.rules, max_images: 0, max_characters: 0 },
    };
    const [cutOff, ...others] = problemsOf(withText("Hello"), [gone]);
    expect(others).toEqual([]);
    expect(cutOff).toMatchObject({ code: "channel_not_connected", place: "channels" });
    expect(cutOff?.message).toBe(`Nothing goes out on ${instagram.name} now.`);
    const problem = { code: "permission_missing", detail: "This connection may not publish." };
    expect(problemsOf(withText("Hello"), [{ ...gone, problem }])[0]?.fix).toBe(problem.detail);
  });
});

describe("what only the server knows", () => {
  const check: ChannelCheck = {
    channel_id: 1,
    platform: "instagram",
    placement: "feed",
    ai_label: false,
    is_ready: false,
    renditions: [],
    text: { characters: 5, hashtags: 0, mentions: 0 },
    problems: [
      {
        code: "image_cropped",
        message: "Cropped.",
        fix: "Look.",
        is_blocking: false,
        image_id: 1,
      },
      { code: "text_too_long", message: "Long.", fix: "Shorten.", is_blocking: true },
    ],
  };

  it("is added, and what is known here as well is not said twice", () => {
    const draft: Draft = { ...EMPTY_DRAFT, text: "Hello", channelIds: [1], images: [image(1)] };
    expect(serverProblems([check], draft).map(({ code }) => code)).toEqual(["image_cropped"]);
  });

  it("is forgotten with the image or the channel that it speaks of", () => {
    expect(
      serverProblems([check], { ...EMPTY_DRAFT, channelIds: [1], images: [image(2)] }),
    ).toEqual([]);
    expect(
      serverProblems([check], { ...EMPTY_DRAFT, channelIds: [2], images: [image(1)] }),
    ).toEqual([]);
  });

  it("names images that have left the library", () => {
    expect(goneProblems([image(9)], [instagram])).toMatchObject([
      { message: "9.jpg is not in your library any more.", isBlocking: true, imageId: 9 },
    ]);
  });
});
