import { expect, it } from "vitest";
import { addDays, momentOf, wallTimeOf } from "./wallTime";

const BERLIN = "Europe/Berlin";

it.each([
  ["in winter", BERLIN, "2026-11-26", "09:00", "2026-11-26T08:00:00.000Z"],
  ["in summer", BERLIN, "2026-07-01", "00:30", "2026-06-30T22:30:00.000Z"],
  ["twice: the first", BERLIN, "2026-10-25", "02:30", "2026-10-25T00:30:00.000Z"],
  ["after it came twice", BERLIN, "2026-10-25", "03:00", "2026-10-25T02:00:00.000Z"],
  ["left out: an hour later", BERLIN, "2026-03-29", "02:30", "2026-03-29T01:30:00.000Z"],
  [
    "left out by half an hour",
    "Australia/Lord_Howe",
    "2026-10-04",
    "02:15",
    "2026-10-03T15:45:00.000Z",
  ],
  ["far east", "Pacific/Kiritimati", "2026-01-01", "08:00", "2025-12-31T18:00:00.000Z"],
  ["three quarters", "Asia/Kathmandu", "2026-11-26", "09:00", "2026-11-26T03:15:00.000Z"],
])("knows the moment of a time %s", (_what, zone, date, time, moment) => {
  expect(momentOf({ date, time }, zone)?.toISOString()).toBe(moment);
});

it("writes a moment as the zone does, and finds it again", () => {
  const moment = new Date("2026-11-26T23:30:00Z");
  expect(wallTimeOf(moment, BERLIN)).toEqual({ date: "2026-11-27", time: "00:30" });
  expect(momentOf(wallTimeOf(moment, "Asia/Tokyo"), "Asia/Tokyo")).toEqual(moment);
});

it("means nothing while something is missing", () => {
  expect(momentOf({ date: "", time: "09:00" }, BERLIN)).toBeNull();
  expect(momentOf({ date: "2026-11-26", time: "" }, BERLIN)).toBeNull();
});

it("bears a year that is being typed", () => {
  for (const date of ["0002-11-26", "0202-11-26", "9999-12-31"]) {
    const moment = momentOf({ date, time: "09:00" }, BERLIN);
    expect(Math.abs((moment?.getTime() ?? Number.NaN) - Date.parse(`${date}T09:00Z`))).toBeLessThan(
      7_200_000,
    );
  }
});

it("counts days over the end of a month, whatever the clocks do", () => {
  expect(addDays("2026-10-25", 7)).toBe("2026-11-01");
  expect(addDays("2026-02-28", 1)).toBe("2026-03-01");
});
