import { describe, expect, it } from "vitest";
import type { UsageEntry, UsageSums } from "@/lib/api/types";
import {
  billedWords,
  billSentence,
  chargedWords,
  costWords,
  isUnknown,
  outcomeWords,
  readAmount,
} from "./money";

function entry(change: Partial<UsageEntry>): UsageEntry {
  return {
    state: "booked",
    free: false,
    charged_usd: null,
    booked_usd: null,
    ...change,
  } as UsageEntry;
}

describe("one image", () => {
  it.each([
    [{ charged_usd: "0.10" }, "$0.10"],
    [{ charged_usd: "0.10", is_practice: true }, "$0.10 practice"],
    [{ free: true, charged_usd: "0.00" }, "free"],
    [{ state: "reserved" }, "set aside"],
    [{ state: "reserved", free: true }, "free, being made"],
    [{ state: "refunded", charged_usd: "0.00" }, "nothing"],
    [{ state: "unknown" }, "set aside, outcome unknown"],
  ] as const)("%o is charged as: %s", (change, words) => {
    expect(chargedWords(entry(change))).toBe(words);
  });

  it.each([
    [{ booked_usd: "0.0425" }, "$0.0425"],
    [{ booked_usd: null }, "unknown"],
    [{ state: "reserved" }, "not yet known"],
  ] as const)("of %o the provider bills: %s", (change, words) => {
    expect(billedWords(entry(change))).toBe(words);
  });

  it.each([
    [{ state: "unknown" }, true],
    [{ state: "booked" }, true],
    [{ state: "reserved" }, false],
    [{ state: "refunded", booked_usd: "0.00" }, false],
  ] as const)("the cost of %o is for a person to settle: %s", (change, is) => {
    expect(isUnknown(entry(change))).toBe(is);
  });

  it("says what became of it, where it is not in the library", () => {
    expect(outcomeWords(entry({ outcome: "cancelled" }))).toBe("Cancelled · ");
    expect(outcomeWords(entry({ outcome: "succeeded" }))).toBe("");
    expect(outcomeWords(entry({ outcome: "unknown", by_hand: true }))).toBe(
      "Outcome unknown, settled by hand · ",
    );
  });
});

it.each([
  ["0.42", "0.00", 0, "$0.42", "All in all, providers bill $0.42."],
  ["0.42", "0.42", 0, "$0.42 practice", "All in all, providers bill $0.42 practice."],
  [
    "0.42",
    "0.10",
    2,
    "$0.42, of it $0.10 practice, unknown for 2 images",
    "As far as it is known, providers bill $0.42, of it $0.10 practice. What they bill for 2 images is not known.",
  ],
  ["0.00", "0.00", 1, "unknown for 1 image", "What providers bill for 1 image is not known."],
])(
  "%s, of it %s practice, and %d unknown reads: %s",
  (cost, practice, unknown_count, words, sentence) => {
    const sums = {
      provider_cost_usd: cost,
      practice_cost_usd: practice,
      unknown_count,
    } as UsageSums;
    expect(costWords(sums)).toBe(words);
    expect(billSentence(sums)).toBe(sentence);
  },
);

it.each([
  ["25", "25"],
  [" $ 12,50 ", "12.50"],
  ["0", "0"],
  ["", undefined],
  ["-1", undefined],
  ["1.234", undefined],
  ["a lot", undefined],
])("%s is read as %s", (written, amount) => {
  expect(readAmount(written)).toBe(amount);
});
