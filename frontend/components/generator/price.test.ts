import { describe, expect, it } from "vitest";
import type { GenerationOptions } from "@/lib/api/types";
import { isPracticeMonth, practiceNote, priceOf, providerPrice } from "./price";
import type { Painter, Wish } from "./wish";

function options(change: Partial<GenerationOptions> = {}): GenerationOptions {
  return {
    providers: [],
    styles: [],
    free_per_month: 3,
    free_remaining: 2,
    free_resets_at: "2026-11-30T23:00:00Z",
    extra_price_usd: "0.10",
    next_price_usd: "0.00",
    cap_usd: null,
    cap_remaining: null,
    warnings: [],
    ...change,
  };
}

const price = (change: Partial<GenerationOptions> = {}) =>
  priceOf(options(change), "Europe/Berlin");

describe("the price before the click", () => {
  it("is free while free images are left, and says what comes then", () => {
    expect(price()).toMatchObject({
      label: "free",
      freeLeft: "2 of 3",
      afterwards: "each further one is $0.10",
      isCapped: false,
    });
  });

  it("is the price of a further one when they are used up, and says when there are new ones", () => {
    expect(price({ free_remaining: 0, next_price_usd: "0.10" })).toMatchObject({
      label: "$0.10",
      freeLeft: "0 of 3",
      afterwards: "3 free again on 1 December",
    });
  });

  it("says nothing of free images where there are none", () => {
    expect(price({ free_per_month: 0, free_remaining: 0, next_price_usd: "0.25" })).toMatchObject({
      label: "$0.25",
      freeLeft: null,
      afterwards: null,
    });
  });

  it("is practice money where only practice paints, or the painter that is chosen does", () => {
    const paid = { free_remaining: 0, next_price_usd: "0.10" };
    const practice = [{ name: "practice", is_practice: true, models: [] }];
    expect(price({ ...paid, providers: practice }).label).toBe("$0.10 practice");
    expect(priceOf(options(paid), "UTC", true).label).toBe("$0.10 practice");
    expect(priceOf(options({ ...paid, providers: practice }), "UTC", false).label).toBe("$0.10");
  });

  it.each([
    ["0.10", "0.10", false],
    ["0.09", "0.10", true],
    ["0.00", "0.00", false],
  ])("with %s left and a price of %s the limit is in the way: %s", (left, next, isCapped) => {
    const found = price({ cap_usd: "5.00", cap_remaining: left, next_price_usd: next });
    expect(found.isCapped).toBe(isCapped);
    expect(found.underCap).toBe(`$${left} of $5.00 left under the limit`);
    const practice = { name: "practice", is_practice: true, models: [] };
    const limit = { cap_usd: "5.00", cap_remaining: left };
    expect(price({ ...limit, providers: [practice] }).underCap).toBe(
      `$${left} of $5.00 practice left under the limit`,
    );
    // One who paints for money is enough: the limit is the same for all.
    const all = options({ ...limit, providers: [practice, { ...practice, is_practice: false }] });
    expect(priceOf(all, "UTC", true).underCap).toBe(`$${left} of $5.00 left under the limit`);
  });
});

describe("what the provider bills", () => {
  const wish = { size: "1024x1024", quality: "standard" } as Wish;
  const painter = (provider_usd: string | null | undefined, is_practice = false) =>
    ({
      provider: { name: "openai", is_practice },
      model: {
        name: "Flare",
        prices:
          provider_usd === undefined
            ? []
            : [{ size: "1024x1024", quality: "standard", price_usd: "0.10", provider_usd }],
      },
    }) as unknown as Painter;

  it.each([
    ["0.0425", "Painted by Flare. OpenAI bills about $0.0425 for it."],
    [null, "Painted by Flare. What OpenAI bills for it is unknown."],
    [undefined, "Painted by Flare. What OpenAI bills for it is unknown."],
    ["0.00", "Painted by Flare. OpenAI bills nothing."],
  ])("%s reads: %s", (amount, words) => {
    expect(providerPrice(painter(amount), wish)).toBe(words);
  });

  it("is left out for practice", () => {
    expect(providerPrice(painter(null, true), wish)).toContain("Practice");
  });
});

describe("a month", () => {
  it.each([
    [{}, true],
    [{ practice_charged_usd: "0.10" }, false],
    [{ practice_cost_usd: "0.00" }, false],
  ])("that is all practice but for %o is practice as a whole: %s", (change, is) => {
    const month = {
      charged_usd: "0.30",
      practice_charged_usd: "0.30",
      provider_cost_usd: "0.04",
      practice_cost_usd: "0.04",
      ...change,
    };
    expect(isPracticeMonth(month)).toBe(is);
  });

  it.each([
    ["0.30", "0.00", undefined],
    ["0.30", "0.30", "practice money"],
    ["0.30", "0.10", "of it $0.10 practice"],
  ])("of %s, of which %s is practice, says %s", (sum, practice, words) => {
    expect(practiceNote(sum, practice)).toBe(words);
  });
});
