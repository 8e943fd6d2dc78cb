import type { UsageEntry, UsageSums } from "@/lib/api/types";
import { formatMoney, formatUsd, plural } from "@/lib/format";

/** What the business is charged for one image. */
export function chargedWords({ state, free, charged_usd, is_practice }: UsageEntry): string {
  switch (state) {
    case "reserved":
      return free ? "free, being made" : "set aside";
    case "unknown":
      return free ? "free, outcome unknown" : "set aside, outcome unknown";
    case "refunded":
      return "nothing";
    case "booked":
      return free || charged_usd === null ? "free" : formatMoney(charged_usd, is_practice);
  }
}

/** What the provider bills for it. Unknown is never zero. */
export function billedWords({ state, booked_usd, is_practice }: UsageEntry): string {
  if (booked_usd !== null) return formatMoney(booked_usd, is_practice);
  return state === "reserved" ? "not yet known" : "unknown";
}

/** Whether nobody knows what the provider bills, so that somebody may look at its bill and say it. */
export function isUnknown({ state, booked_usd }: UsageEntry): boolean {
  return booked_usd === null && state !== "reserved";
}

/** What of a sum is practice money stands with it; the rest is real. */
function sumWords(sum: string, practice: string): string {
  if (Number(practice) === 0) return formatUsd(sum);
  return practice === sum
    ? formatMoney(sum, true)
    : `${formatUsd(sum)}, of it ${formatMoney(practice, true)}`;
}

/** What the business is charged for several images. */
export function chargedSum({ charged_usd, practice_charged_usd }: UsageSums): string {
  return sumWords(charged_usd, practice_charged_usd);
}

/** What providers bill for several, and for how many that is not known. */
export function costWords(sums: UsageSums): string {
  const known = sumWords(sums.provider_cost_usd, sums.practice_cost_usd);
  if (sums.unknown_count === 0) return known;
  const unknown = `unknown for ${plural(sums.unknown_count, "image")}`;
  return Number(sums.provider_cost_usd) === 0 ? unknown : `${known}, ${unknown}`;
}

/** All that providers bill for a month, in a sentence. */
export function billSentence(sums: UsageSums): string {
  const { unknown_count: unknown } = sums;
  const known = sumWords(sums.provider_cost_usd, sums.practice_cost_usd);
  if (unknown === 0) return `All in all, providers bill ${known}.`;
  const rest = `What they bill for ${plural(unknown, "image")} is not known.`;
  return Number(sums.provider_cost_usd) === 0
    ? rest.replace("they bill", "providers bill")
    : `As far as it is known, providers bill ${known}. ${rest}`;
}

/** An amount as somebody writes it, as the API takes it: "12,5" is "12.5". Undefined where it is none. */
export function readAmount(written: string): string | undefined {
  const amount = written
    .trim()
    .replace(/^\$\s*/, "")
    .replace(",", ".");
  return /^\d{1,9}(\.\d{1,2})?$/.test(amount) ? amount : undefined;
}

/** The same to the fraction of a cent, as providers bill. */
export function readBilled(written: string): string | undefined {
  const amount = written
    .trim()
    .replace(/^\$\s*/, "")
    .replace(",", ".");
  return /^\d{1,9}(\.\d{1,6})?$/.test(amount) ? amount : undefined;
}

const OUTCOMES: Partial<Record<UsageEntry["outcome"], string>> = {
  queued: "Waiting",
  running: "Being painted",
  refused: "Refused",
  failed: "Failed",
  cancelled: "Cancelled",
  unknown: "Outcome unknown",
};

/** What became of it, before the rest of a line; nothing where it is an image of the library. */
export function outcomeWords({ outcome, by_hand }: UsageEntry): string {
  const words = OUTCOMES[outcome];
  if (by_hand) return words ? `${words}, settled by hand · ` : "Settled by hand · ";
  return words ? `${words} · ` : "";
}
