import { describe, expect, it } from "vitest";
import type { Generation } from "@/lib/api/types";
import { outcomeOf } from "./outcome";

function generation(change: Partial<Generation>): Generation {
  return {
    state: "failed",
    error_code: null,
    error_detail: null,
    is_free: false,
    price_usd: "0.10",
    ledger_state: "booked",
    booked_usd: null,
    ...change,
  } as Generation;
}

describe("how a generation ended", () => {
  it.each(["queued", "running", "succeeded"] as const)(
    "%s is no end without a picture",
    (state) => {
      expect(outcomeOf(generation({ state }))).toBeUndefined();
    },
  );

  it("a refusal gives the provider's reason, costs nothing and asks for other words", () => {
    const outcome = outcomeOf(
      generation({ state: "refused", error_detail: "The safety rules forbid it." }),
    );
    expect(outcome?.words).toContain("The safety rules forbid it. Nothing was charged");
    expect(outcome?.next).toBe("change");
  });

  it("an unknown one is never asked for again from here", () => {
    expect(outcomeOf(generation({ state: "unknown" }))?.next).toBe("settle");
  });

  it.each([
    [{ ledger_state: "refunded" as const, booked_usd: "0.00" }, "Nothing was charged."],
    [{}, "Painting had begun, so $0.10 stays charged."],
    [{ is_free: true }, "Painting had begun, so it took one of your free images."],
  ])("a cancelled one with %o says: %s", (change, words) => {
    expect(outcomeOf(generation({ state: "cancelled", ...change }))?.words).toBe(words);
  });

  it.each([
    ["provider_unavailable", "again"],
    ["provider_rate_limited", "again"],
    ["provider_account_trouble", null],
    ["internal_error", "again"],
  ])("after %s the next step is %s", (error_code, next) => {
    expect(outcomeOf(generation({ error_code }))?.next).toBe(next);
  });
});
