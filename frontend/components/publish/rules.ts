import { PLATFORM_NAMES } from "@/components/channels/ChannelMark";
import type { Channel, ChannelCheck, Platform } from "@/lib/api/types";
import { formatCount } from "@/lib/format";
import { type Draft, type DraftImage, textFor } from "./draft";
import { textFacts } from "./textFacts";

/** Something in the way of a post, or worth knowing, and the thing it stands beside. */
export interface Problem {
  code: string;
  platform: Platform;
  /** The channel that says so; the first of several that say the same. */
  channelId: number;
  message: string;
  fix: string;
  isBlocking: boolean;
  imageId: number | null;
  place: "channels" | "text" | "images" | "comment" | "ai";
}

/** Codes whose rule is known here: they are said at once, before the server has looked. */
const KNOWN_HERE = new Set([
  "channel_not_connected",
  "instagram_requires_image",
  "facebook_requires_image",
  "too_many_images",
  "post_empty",
  "text_too_long",
  "too_many_hashtags",
  "too_many_mentions",
  "alt_text_too_long",
]);

const PLACES: Record<string, Problem["place"]> = {
  channel_not_connected: "channels",
  channel_not_available: "channels",
  post_empty: "text",
  text_too_long: "text",
  too_many_hashtags: "text",
  too_many_mentions: "text",
  permission_missing: "channels",
  quota_reached: "channels",
  first_comment_not_supported: "comment",
  first_comment_not_allowed: "comment",
  first_comment_too_long: "comment",
  first_comment_too_many_hashtags: "comment",
  ai_label_not_supported: "ai",
};

/** Every rule of the chosen channels that the post would break, in the server's own words. */
export function problemsOf(draft: Draft, chosen: readonly Channel[]): Problem[] {
  // The channel that takes least speaks first: what cures its trouble cures the others'.
  const strictFirst = [...chosen].sort(
    (a, b) =>
      a.rules.max_images - b.rules.max_images || a.rules.max_alt_text - b.rules.max_alt_text,
  );
  const said = new Set<string>();
  return unique(strictFirst.flatMap((channel) => channelProblems(draft, channel))).filter(
    ({ code, imageId }) => {
      const key = `${code} ${imageId}`;
      return !SAID_ONCE.has(code) || (!said.has(key) && said.add(key));
    },
  );
}

const SAID_ONCE = new Set(["too_many_images", "alt_text_too_long", "post_empty"]);

function channelProblems(draft: Draft, channel: Channel): Problem[] {
  const { id: channelId, name, platform, rules, status, problem } = channel;
  const label = PLATFORM_NAMES[platform];
  const { characters, hashtags, mentions } = textFacts(textFor(draft, channelId));
  const count = draft.images.length;
  const problems: Problem[] = [];
  const add = (code: string, message: string, fix: string, imageId: number | null = null) =>
    problems.push({
      code,
      platform,
      channelId,
      message,
      fix,
      isBlocking: true,
      imageId,
      place: PLACES[code] ?? "images",
    });

  if (status === "restricted") {
    add(
      "channel_not_connected",
      `${label} holds ${name} back.`,
      `${problem?.detail ?? `Log in on ${label} and follow what it asks.`} In the settings it can be tried before its time.`,
    );
  } else if (status !== "connected") {
    // What was seen of it says what to do.
    add(
      "channel_not_connected",
      `Nothing goes out on ${name} now.`,
      problem?.detail ?? "Meta no longer accepts this connection. Connect the channel again.",
    );
  }
  // A platform that is gone has no limits to break.
  if (rules.max_characters === 0) return problems;
  if (count < rules.min_images) {
    add(
      `${platform}_requires_image`,
      `${label} requires at least one image`,
      "Choose one from your library, upload one, or generate one.",
    );
  }
  if (count > rules.max_images) {
    add(
      "too_many_images",
      `${label} takes ${rules.max_images} image${rules.max_images > 1 ? "s" : ""} here, and this post has ${count}.`,
      `Take out ${count - rules.max_images}.`,
    );
  }
  if (count === 0 && !textFor(draft, channelId).trim()) {
    add("post_empty", "There is nothing to publish yet.", "Write a text or add an image.");
  }
  const overLimit = (code: string, limit: number | null, has: number, things: string) => {
    if (limit === null || has <= limit) return;
    const isText = code === "text_too_long";
    add(
      code,
      `${label} takes ${formatCount(limit)} ${things}, and this text has ${formatCount(has)}.`,
      `${isText ? "Shorten it by" : "Take out"} ${formatCount(has - limit)}.`,
    );
  };
  overLimit("text_too_long", rules.max_characters, characters, "characters");
  overLimit("too_many_hashtags", rules.max_hashtags, hashtags, "hashtags");
  overLimit("too_many_mentions", rules.max_mentions, mentions, "mentions");
  for (const image of draft.images) {
    if (image.altText.length > rules.max_alt_text) {
      add(
        "alt_text_too_long",
        `${label} takes ${formatCount(rules.max_alt_text)} characters of alt text.`,
        "Shorten the alt text.",
        image.imageId,
      );
    }
  }
  return problems;
}

/**
 * What only the server can know (crops, pictures that cannot be made ready), for images that are
 * still in the post. What is known here as well is left out: it may speak of an older text.
 */
export function serverProblems(checks: readonly ChannelCheck[], draft: Draft): Problem[] {
  const imageIds = new Set(draft.images.map((image) => image.imageId));
  return unique(
    checks
      .filter((check) => draft.channelIds.includes(check.channel_id))
      .flatMap((check) =>
        check.problems.map((problem) => ({
          code: problem.code,
          platform: check.platform,
          channelId: check.channel_id,
          message: problem.message,
          fix: problem.fix,
          isBlocking: problem.is_blocking,
          imageId: problem.image_id ?? null,
          place: PLACES[problem.code] ?? ("images" as const),
        })),
      )
      .filter(({ code }) => !KNOWN_HERE.has(code))
      .filter(({ imageId }) => imageId === null || imageIds.has(imageId)),
  );
}

/** Images that are no longer in the library: they do not go out, and nothing is kept with them. */
export function goneProblems(gone: readonly DraftImage[], chosen: readonly Channel[]): Problem[] {
  const platform = chosen[0]?.platform ?? "instagram";
  const channelId = chosen[0]?.id ?? 0;
  return gone.map(({ imageId, name }) => ({
    code: "image_in_trash",
    platform,
    channelId,
    message: `${name} is not in your library any more.`,
    fix: "Restore it from the trash there, or take it out of this post.",
    isBlocking: true,
    imageId,
    place: "images",
  }));
}

/** Two channels of one platform say the same thing once. */
function unique(problems: Problem[]): Problem[] {
  const said = new Set<string>();
  return problems.filter(({ code, message, imageId }) => {
    const key = `${code} ${message} ${imageId}`;
    return !said.has(key) && said.add(key);
  });
}

/** The smallest number of images that every chosen channel takes. */
export function maxImages(chosen: readonly Channel[]): number | null {
  return chosen.length ? Math.min(...chosen.map((channel) => channel.rules.max_images)) : null;
}

/** A channel that goes nowhere without an image is chosen. */
export function needsImage(chosen: readonly Channel[]): boolean {
  return chosen.some((channel) => channel.rules.min_images > 0);
}
