import type { Style, StyleChange } from "@/lib/api/types";

/** What a business says itself: its own styles, and built-in ones in other words. */
function own(styles: readonly Style[]): StyleChange[] {
  return styles
    .filter(({ is_built_in, is_changed }) => !is_built_in || is_changed)
    .map(({ name, label, words }) => ({ name, label, words }));
}

/** All that it says itself with this among it, in the place of what it said before. */
export function changesWith(styles: readonly Style[], change: StyleChange): StyleChange[] {
  const said = own(styles);
  return said.some(({ name }) => name === change.name)
    ? said.map((it) => (it.name === change.name ? change : it))
    : [...said, change];
}

/** The same without one: a built-in style is as it came, one of its own is gone. */
export function changesWithout(styles: readonly Style[], name: string): StyleChange[] {
  return own(styles).filter((it) => it.name !== name);
}

/** A name for the API that no other style has: "House style" is `house-style`. */
export function styleName(label: string, styles: readonly Style[]): string {
  const plain = label
    .normalize("NFKD")
    .replace(/\p{Mark}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40);
  const base = plain || "style";
  const taken = new Set(styles.map(({ name }) => name));
  let name = base;
  for (let number = 2; taken.has(name); number++) name = `${base}-${number}`;
  return name;
}
