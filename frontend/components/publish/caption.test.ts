import { expect, it } from "vitest";
import { captionStart } from "./caption";

it.each([
  ["a short text is shown whole", "Hello", 10, 2, null],
  ["trailing space hides nothing", "Hello\n\n", 10, 1, null],
  ["a long one is cut between words", "first light, first cup", 16, 2, "first light,"],
  ["a word without end is cut in it", "x".repeat(30), 10, 2, "x".repeat(10)],
  ["many lines are cut after the last that fits", "a\nb\nc", 10, 2, "a\nb"],
  ["an emoji is not cut in half", "🚢🚢", 3, 1, "🚢"],
])("%s", (_name, text, characters, lines, start) => {
  expect(captionStart(text, characters, lines)).toBe(start);
});
