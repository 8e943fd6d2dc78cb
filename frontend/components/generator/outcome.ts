import type { Generation } from "@/lib/api/types";
import { formatMoney, plural } from "@/lib/format";
import { isPracticeProvider } from "./providers";

export type NextStep = "again" | "change" | "settle" | null;

/** How a generation ended without a picture: the fact, what it means, and what to do next. */
export interface Outcome {
  tone: "bad" | "warn" | "neutral";
  fact: string;
  words: string;
  next: NextStep;
}

const NOTHING_LOST = "Nothing was charged, and your words are kept.";

/** Undefined while it is unfinished, and when there is a picture. */
export function outcomeOf(generation: Generation): Outcome | undefined {
  const detail = generation.error_detail ?? "";
  switch (generation.state) {
    case "refused":
      return {
        tone: "bad",
        fact: "This prompt was refused.",
        words: `${detail} ${NOTHING_LOST}`.trim(),
        next: "change",
      };
    case "cancelled":
      return { tone: "neutral", fact: "Cancelled.", words: cancelled(generation), next: "again" };
    case "unknown":
      return {
        tone: "warn",
        fact: "It is not clear whether your image was made.",
        words: `${detail} Its price stays set aside until that is clear. If the picture turns up, it comes into your library.`,
        next: "settle",
      };
    case "failed":
      return failed(generation, detail);
  }
}

/** When a generation that waits after a failed try is tried again; nothing is owed until then. */
export function retryWords(secondsLeft: number): string {
  const next =
    secondsLeft > 0
      ? `It is tried again in ${plural(secondsLeft, "second")}`
      : "It is tried again in a moment";
  return `${next}, by itself, for ten minutes at most. Cancelling costs nothing while it waits.`;
}

/** Before the provider was asked nothing is owed; after that it may bill, and the price stands. */
function cancelled({ ledger_state, is_free, price_usd, provider }: Generation): string {
  if (ledger_state === "refunded" || price_usd === null) return "Nothing was charged.";
  return is_free
    ? "Painting had begun, so it took one of your free images."
    : `Painting had begun, so ${formatMoney(price_usd, isPracticeProvider(provider))} stays charged.`;
}

function failed({ error_code, retry_after }: Generation, detail: string): Outcome {
  switch (error_code) {
    case "provider_account_trouble":
      return {
        tone: "bad",
        fact: "The AI provider does not take orders from this server.",
        words: `${detail} Whoever runs this server has to look at it. ${NOTHING_LOST}`,
        next: null,
      };
    case "provider_rate_limited":
      return {
        tone: "warn",
        fact: "The AI provider has too much to do.",
        words: `${detail} ${retry_after ? `Give it ${plural(retry_after, "second")}. ` : ""}${NOTHING_LOST}`,
        next: "again",
      };
    case "provider_unavailable":
      return {
        tone: "bad",
        fact: "The AI provider did not answer.",
        words: `${detail} ${NOTHING_LOST}`,
        next: "again",
      };
    default:
      return {
        tone: "bad",
        fact: "No image was made.",
        words: `${detail} ${NOTHING_LOST}`,
        next: "again",
      };
  }
}
