import type { Post, Publication } from "@/lib/api/types";

/** A publication that the server still moves by itself. */
export function isOnItsWay({ state, history }: Publication): boolean {
  if (state === "publishing") return true;
  // After enough looks at the platform the server leaves it to a person.
  return state === "unconfirmed" && history.at(-1)?.code !== "needs_a_look";
}

/** Nothing of the post is being sent any more; it may still be looked up. */
export function hasSettled(post: Post): boolean {
  return post.publications.every(({ state }) => state !== "publishing");
}

/**
 * Milliseconds until the post is looked at again, longer with the time it takes; false when there
 * is nothing to wait for. A link can come a little after its publication.
 */
export function nextLookIn(post: Post | undefined, waited: number): number | false {
  if (!post) return 1_000;
  if (!hasSettled(post)) return waited < 10_000 ? 1_000 : waited < 40_000 ? 2_500 : 5_000;
  if (post.publications.some(isOnItsWay)) return waited < 60_000 ? 3_000 : 10_000;
  const lacksLink = post.publications.some(
    ({ state, permalink, external_id }) => state === "published" && external_id && !permalink,
  );
  return lacksLink && waited < 60_000 ? 2_000 : false;
}

/** "Instagram", "Instagram and Facebook", "A, B and C". */
export function listed(names: readonly string[]): string {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
