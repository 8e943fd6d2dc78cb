/** Months as the ledger names them: `2026-11`. */

function parts(month: string): readonly [number, number] {
  const [year = 1970, number = 1] = month.split("-").map(Number);
  return [year, number];
}

/** The month so many months later, or earlier. */
export function monthAfter(month: string, by: number): string {
  const [year, number] = parts(month);
  return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7);
}

/** "November 2026" */
export function monthName(month: string): string {
  const [year, number] = parts(month);
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: "UTC",
    month: "long",
    year: "numeric",
  }).format(Date.UTC(year, number - 1, 1));
}

/** Every day of it: `2026-11-01` and so on. */
export function daysOf(month: string): string[] {
  const [year, number] = parts(month);
  const count = new Date(Date.UTC(year, number, 0)).getUTCDate();
  return Array.from({ length: count }, (_, day) => `${month}-${String(day + 1).padStart(2, "0")}`);
}

/** "25 November" */
export function dayName(day: string): string {
  return new Intl.DateTimeFormat("en-GB", {
    timeZone: "UTC",
    day: "numeric",
    month: "long",
  }).format(new Date(`${day}T00:00:00Z`));
}
