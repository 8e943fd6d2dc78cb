import { describe, expect, it } from "vitest";
import type { Style } from "@/lib/api/types";
import { changesWith, changesWithout, styleName } from "./styles";

const style = (name: string, change: Partial<Style> = {}): Style => ({
  name,
  label: name,
  words: `words of ${name}`,
  is_built_in: true,
  is_changed: false,
  ...change,
});
const styles = [
  style("vintage"),
  style("creative", { is_changed: true }),
  style("house", { is_built_in: false }),
];
const names = (changes: ReadonlyArray<{ name: string }>) => changes.map(({ name }) => name);

describe("what is sent is all that the business says itself", () => {
  it("with a new one, a changed one, or a built-in one in other words", () => {
    const change = (name: string) => ({ name, label: name, words: "other" });
    expect(names(changesWith(styles, change("new")))).toEqual(["creative", "house", "new"]);
    expect(names(changesWith(styles, change("vintage")))).toEqual(["creative", "house", "vintage"]);
    expect(changesWith(styles, change("house"))[1]?.words).toBe("other");
  });

  it("without one", () => {
    expect(names(changesWithout(styles, "house"))).toEqual(["creative"]);
  });
});

it.each([
  ["House style", "house-style"],
  ["Crème brûlée", "creme-brulee"],
  ["Vintage", "vintage-2"],
  ["日本", "style"],
])("%s is named %s", (label, name) => {
  expect(styleName(label, styles)).toBe(name);
});
