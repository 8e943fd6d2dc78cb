import { expect, it } from "vitest";
import { dayName, daysOf, monthAfter, monthName } from "./months";

it("goes over the end of a year in both directions", () => {
  expect([monthAfter("2026-12", 1), monthAfter("2026-01", -1)]).toEqual(["2027-01", "2025-12"]);
});

it("knows how many days a month has", () => {
  expect([daysOf("2026-11").length, daysOf("2028-02").length]).toEqual([30, 29]);
  expect(daysOf("2026-11").at(-1)).toBe("2026-11-30");
});

it("is called as people call it", () => {
  expect([monthName("2026-11"), dayName("2026-11-05")]).toEqual(["November 2026", "5 November"]);
});
