import { beforeEach, expect, it } from "vitest";
import type { Channel } from "@/lib/api/types";
import { firstChoice, rememberChoice } from "./channelChoice";

const channel = (id: number, status: Channel["status"] = "connected") =>
  ({ id, status }) as Channel;
const both = [channel(1), channel(2)];

beforeEach(() => localStorage.clear());

it("begins with every channel that works", () => {
  expect(firstChoice(7, [...both, channel(3, "reconnect_needed")])).toEqual([1, 2]);
});

it("leaves out what the last post left out, and takes in what is new", () => {
  rememberChoice(7, both, [2]);
  expect(firstChoice(7, [...both, channel(3)])).toEqual([2, 3]);
  // Another business has a choice of its own.
  expect(firstChoice(8, both)).toEqual([1, 2]);
  rememberChoice(7, both, [1, 2]);
  expect(firstChoice(7, both)).toEqual([1, 2]);
});

it("begins with all where nothing else would be left, or the choice cannot be read", () => {
  rememberChoice(7, both, [2]);
  expect(firstChoice(7, [channel(1)])).toEqual([1]);
  // A draft for nowhere says nothing about the next post.
  rememberChoice(7, both, []);
  expect(firstChoice(7, both)).toEqual([2]);
  localStorage.setItem("aigrowth.left-out.7", "{");
  expect(firstChoice(7, both)).toEqual([1, 2]);
});
