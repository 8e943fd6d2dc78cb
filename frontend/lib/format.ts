/** Words for numbers and moments. Times are shown in the zone of the business. */

const LOCALE = "en";

/** 1,284 */
export function formatCount(count: number): string {
  return new Intl.NumberFormat(LOCALE).format(count);
}

/** "1 image", "3 images" */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** Bytes as a person reads them, in decimal units: "0.9 MB", "640 KB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 950_000) return `${Math.round(bytes / 1000)} KB`;
  if (bytes < 950_000_000) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** A limit as the server puts it, in binary units: "10 MiB", "2.5 MiB". */
export function formatMebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1).replace(/\.0$/, "")} MiB`;
}

/** US dollars from a decimal string: "$0.10", and "$0.0425" where a cent is too coarse. */
export function formatUsd(amount: string): string {
  return new Intl.NumberFormat(LOCALE, {
    style: "currency",
    currency: "USD",
    maximumFractionDigits: 6,
  }).format(Number(amount));
}

/** The same, said to be practice where it is: nobody bills that. */
export function formatMoney(amount: string, isPractice: boolean): string {
  return isPractice ? `${formatUsd(amount)} practice` : formatUsd(amount);
}

/** 4032 × 3024 */
export function formatSize(width: number, height: number): string {
  return `${width} × ${height}`;
}

function dayNumber(moment: Date, timezone: string): number {
  const [year, month, day] = new Intl.DateTimeFormat("en-CA", { timeZone: timezone })
    .format(moment)
    .split("-")
    .map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day ?? 1) / 86_400_000;
}

/** As a person would say it: "today at 09:12", "Tuesday at 09:12", "3 March at 09:12". */
export function formatMoment(iso: string, timezone: string, now = new Date()): string {
  const moment = new Date(iso);
  const time = new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    hour: "2-digit",
    minute: "2-digit",
  }).format(moment);
  const distance = dayNumber(moment, timezone) - dayNumber(now, timezone);
  if (distance === 0) return `today at ${time}`;
  if (distance === -1) return `yesterday at ${time}`;
  if (distance === 1) return `tomorrow at ${time}`;
  const part = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat("en-GB", { timeZone: timezone, ...options }).format(moment);
  if (Math.abs(distance) < 7) return `${part({ weekday: "long" })} at ${time}`;
  const isThisYear = part({ year: "numeric" }) === yearOf(now, timezone);
  return `${part({ day: "numeric", month: "long", ...(isThisYear ? {} : { year: "numeric" }) })} at ${time}`;
}

function yearOf(moment: Date, timezone: string): string {
  return new Intl.DateTimeFormat("en-GB", { timeZone: timezone, year: "numeric" }).format(moment);
}

/** Exact, with its zone: "Sunday, 22 November 2026 at 14:57:03 CET". */
export function formatExactMoment(iso: string, timezone: string): string {
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    dateStyle: "full",
    timeStyle: "long",
  }).format(new Date(iso));
}

/** To the minute, with its zone: "Sunday, 22 November 2026 at 14:57 CET". */
export function formatMinute(iso: string, timezone: string): string {
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
  }).format(new Date(iso));
}

/** "1 December", of a moment. */
export function formatDate(iso: string, timezone: string): string {
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    day: "numeric",
    month: "long",
  }).format(new Date(iso));
}

/** "1 December 2026", of a date without a time. */
export function formatPlainDate(date: string): string {
  return new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", dateStyle: "long" }).format(
    new Date(`${date}T00:00:00Z`),
  );
}

/** "Sunday, 22 November" */
export function formatDay(moment: Date, timezone: string): string {
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    weekday: "long",
    day: "numeric",
    month: "long",
  }).format(moment);
}

/** The first letter large, for a phrase that starts a line. */
export function sentence(text: string): string {
  return text.charAt(0).toLocaleUpperCase(LOCALE) + text.slice(1);
}
