import { expect, it } from "vitest";
import { hexOf } from "./colour";
import { plainColour } from "./edge";

function edge(...colours: ReadonlyArray<readonly [number, number, number]>): Uint8ClampedArray {
  return Uint8ClampedArray.from(colours.flatMap((colour) => [...colour, 255]));
}

it("takes the colour of an edge that is plain, whatever stands out of it in a place", () => {
  const paper = [250, 248, 244] as const;
  const nearly = [246, 250, 246] as const;
  const most = Array.from({ length: 19 }, (_, at) => (at % 4 ? paper : nearly));
  expect(plainColour(edge(...most, [10, 20, 30]))).toBe(hexOf(...paper));
  expect(plainColour(edge(paper, paper, [10, 20, 30], [200, 40, 90]))).toBeNull();
  expect(plainColour(edge())).toBeNull();
});
