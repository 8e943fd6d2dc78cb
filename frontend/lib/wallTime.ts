/** Dates and times as they are written in a time zone, and the moments that they mean. */

/** As the browser's own fields give them: "2026-11-26" and "09:00", each empty where it is missing. */
export interface WallTime {
  date: string;
  time: string;
}

const DAY = 86_400_000;

/** How a moment is written in a zone. */
export function wallTimeOf(moment: Date, timezone: string): WallTime {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: timezone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  }).formatToParts(moment);
  const part = (type: string) => parts.find((it) => it.type === type)?.value ?? "";
  return {
    // While a year is typed it has fewer digits.
    date: `${part("year").padStart(4, "0")}-${part("month")}-${part("day")}`,
    time: `${part("hour")}:${part("minute")}`,
  };
}

/**
 * The moment that is meant; null where something is missing. Of a time that comes twice, when clocks go
 * back, the first; one that is left out, when they go forward, is as much later as they are moved.
 */
export function momentOf({ date, time }: WallTime, timezone: string): Date | null {
  const wanted = asUtc({ date, time });
  if (Number.isNaN(wanted)) return null;
  const offsets = [wanted - DAY, wanted + DAY]
    .map((at) => offsetAt(at, timezone))
    // Beyond the year 9999 nothing is written.
    .filter((offset) => !Number.isNaN(offset));
  const meant = offsets
    .map((offset) => wanted - offset)
    .filter((at) => asUtc(wallTimeOf(new Date(at), timezone)) === wanted);
  return new Date(meant.length ? Math.min(...meant) : wanted - (offsets[0] ?? 0));
}

/** The date so many days after another. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00Z`) + days * DAY).toISOString().slice(0, 10);
}

function asUtc({ date, time }: WallTime): number {
  return Date.parse(`${date}T${time.slice(0, 5)}Z`);
}

function offsetAt(at: number, timezone: string): number {
  const minute = at - (at % 60_000);
  return asUtc(wallTimeOf(new Date(minute), timezone)) - minute;
}
