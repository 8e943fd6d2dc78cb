import { describe, expect, it } from "vitest";
import { formatBytes, formatExactMoment, formatMoment, plural } from "./format";

const now = new Date("2026-11-22T12:00:00Z");

describe("moments are said as a person would say them, in the zone of the business", () => {
  it.each([
    ["2026-11-22T08:12:00Z", "today at 09:12"],
    ["2026-11-21T23:30:00Z", "today at 00:30"],
    ["2026-11-21T08:12:00Z", "yesterday at 09:12"],
    ["2026-11-23T08:12:00Z", "tomorrow at 09:12"],
    ["2026-11-17T08:12:00Z", "Tuesday at 09:12"],
    ["2026-03-03T08:12:00Z", "3 March at 09:12"],
    ["2025-03-03T08:12:00Z", "3 March 2025 at 09:12"],
  ])("%s reads %s in Berlin", (iso, words) => {
    expect(formatMoment(iso, "Europe/Berlin", now)).toBe(words);
  });

  it("names the zone in the exact form", () => {
    expect(formatExactMoment("2026-11-22T08:12:03Z", "Europe/Berlin")).toContain("09:12:03");
  });
});

describe("sizes and numbers", () => {
  it.each([
    [512, "512 bytes"],
    [640_000, "640 KB"],
    [949_999, "950 KB"],
    [3_400_000, "3.4 MB"],
    [2_100_000_000, "2.1 GB"],
  ])("%d bytes reads %s", (bytes, words) => {
    expect(formatBytes(bytes)).toBe(words);
  });

  it("one is singular, everything else plural", () => {
    expect([plural(1, "image"), plural(0, "image"), plural(1284, "image")]).toEqual([
      "1 image",
      "0 images",
      "1,284 images",
    ]);
  });
});
