import { expect, it } from "vitest";
import { boxWords, drawMarks, FIRST_BOX, isMasked, nudge } from "./mask";

it("a rectangle is moved and resized, and never leaves the picture", () => {
  expect(nudge(FIRST_BOX, 0.05, 0, false)).toMatchObject({ x: 0.35, y: 0.3, width: 0.4 });
  expect(nudge(FIRST_BOX, 0, 0.05, true)).toMatchObject({ x: 0.3, width: 0.4, height: 0.45 });
  expect(nudge(FIRST_BOX, 5, -5, false)).toMatchObject({ x: 0.6, y: 0 });
  expect(nudge(FIRST_BOX, 5, -5, true)).toMatchObject({ width: 0.7, height: 0.02 });
});

it("is told in words", () => {
  expect(boxWords(FIRST_BOX)).toBe("40 % wide, 40 % high, 30 % from the left, 30 % from the top");
});

it("marks are drawn in the picture's own pixels, and a press alone is a dot", () => {
  const calls: unknown[][] = [];
  const note =
    (name: string) =>
    (...given: unknown[]) =>
      calls.push([name, ...given]);
  const context = {
    fillRect: note("fillRect"),
    beginPath: note("beginPath"),
    moveTo: note("moveTo"),
    lineTo: note("lineTo"),
    stroke: note("stroke"),
    lineWidth: 0,
  };
  drawMarks(
    context as unknown as CanvasRenderingContext2D,
    [{ kind: "stroke", brush: 0.1, points: [[0.5, 0.25]] }, FIRST_BOX],
    1000,
    400,
  );
  expect(context.lineWidth).toBe(100);
  expect(calls).toEqual([
    ["beginPath"],
    ["moveTo", 500, 100],
    ["lineTo", 500, 100],
    ["stroke"],
    ["fillRect", 300, 120, 400, 160],
  ]);
});

it("nothing painted is no mask", () => {
  expect([isMasked([]), isMasked([FIRST_BOX])]).toEqual([false, true]);
});
