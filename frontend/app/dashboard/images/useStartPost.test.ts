import { expect, it } from "vitest";
import type { Channel } from "@/lib/api/types";
import { mostForAPost } from "./useStartPost";

const channel = (max_images: number, status = "connected") =>
  ({ status, rules: { max_images } }) as Channel;

it("a post begins with as many images as some connected channel takes", () => {
  expect(mostForAPost([channel(10), channel(4)])).toBe(10);
  expect(mostForAPost([channel(4), channel(10, "reconnect_needed")])).toBe(4);
  expect(mostForAPost([channel(50)])).toBe(20);
  expect(mostForAPost([])).toBe(20);
  expect(mostForAPost([channel(0)])).toBe(20);
});
