import { describe, expect, it } from "vitest";
import { imageCostWords } from "./imageCost";

const COST = {
  provider: "openai",
  is_practice: false,
  is_free: false,
  charged_usd: "0.10",
  provider_usd: "0.0425",
};

describe("what an image came to", () => {
  it.each([
    [{}, "$0.10 · OpenAI bills $0.0425"],
    [{ is_free: true, charged_usd: "0.00" }, "Free · OpenAI bills $0.0425"],
    [{ provider_usd: null }, "$0.10 · what OpenAI bills is unknown"],
    [{ charged_usd: null }, "Not settled yet · OpenAI bills $0.0425"],
    [{ provider: "practice", is_practice: true }, "$0.10 practice"],
    [{ provider: "practice", is_practice: true, is_free: true }, "Free, practice"],
  ])("with %o reads: %s", (change, words) => {
    expect(imageCostWords({ ...COST, ...change })).toBe(words);
  });
});
