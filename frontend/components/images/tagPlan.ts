import type { Image, TagCount } from "@/lib/api/types";

/** Whether images shall have a tag: all of them, none of them, or those that have it now. */
export type Wish = "all" | "none" | "as-is";

/** The tags of images, those that most of them have first. */
export function tagsOf(images: readonly Image[]): TagCount[] {
  const counts = new Map<string, TagCount>();
  for (const { tags } of images) {
    for (const tag of tags) {
      const known = counts.get(tag.toLocaleLowerCase());
      if (known) known.count++;
      else counts.set(tag.toLocaleLowerCase(), { tag, count: 1 });
    }
  }
  return [...counts.values()].sort((a, b) => b.count - a.count || a.tag.localeCompare(b.tag));
}

/** What comes after a wish when its box is pressed. Where all have the tag, "all" is as it is. */
export function nextWish(wish: Wish, isOnAll: boolean): Wish {
  if (isOnAll) return wish === "none" ? "as-is" : "none";
  return wish === "as-is" ? "all" : wish === "all" ? "none" : "as-is";
}

/** The tags to give and to take, so that the wishes come true. */
export function planOf(
  fresh: readonly string[],
  wishes: ReadonlyMap<string, Wish>,
): { add: string[]; remove: string[] } {
  const wished = (wish: Wish) => [...wishes].filter(([, it]) => it === wish).map(([tag]) => tag);
  const add = [...new Set([...fresh, ...wished("all")])];
  const remove = wished("none").filter((tag) => !add.includes(tag));
  return { add, remove };
}

/** The tags of an image after some were given and some were taken, whatever their case. */
export function tagsAfter(
  tags: readonly string[],
  add: readonly string[],
  remove: readonly string[],
): string[] {
  const same = (a: string) => (b: string) => a.toLocaleLowerCase() === b.toLocaleLowerCase();
  const kept = tags.filter((tag) => !remove.some(same(tag)));
  return [...kept, ...add.filter((tag) => !kept.some(same(tag)))];
}
