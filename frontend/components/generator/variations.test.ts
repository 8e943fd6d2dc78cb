import { expect, it } from "vitest";
import { VARIATIONS, vary } from "./variations";

it("adds to the prompt, and takes the place of an earlier variation", () => {
  const once = vary("A harbour at dawn. ", VARIATIONS[0].words);
  expect(once).toBe("A harbour at dawn, seen from close up");
  expect(vary(once, VARIATIONS[4].words)).toBe("A harbour at dawn, in winter, with snow");
});
