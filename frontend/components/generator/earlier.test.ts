import { expect, it } from "vitest";
import type { GenerationList } from "@/lib/api/types";
import { earlierPrompts } from "./earlier";

it("each prompt stands there once, newest first, with a picture if any of them led to one", () => {
  const list = {
    generations: [
      { id: 4, prompt: "Boats", image_id: null },
      { id: 3, prompt: "Fog", image_id: 7 },
      { id: 2, prompt: "Boats ", image_id: 5 },
      { id: 1, prompt: "Boats", image_id: 6 },
    ],
    images: [{ id: 5 }, { id: 6 }, { id: 7 }],
    next_cursor: null,
  } as unknown as GenerationList;
  expect(earlierPrompts(list).map(({ generation, image }) => [generation.id, image?.id])).toEqual([
    [4, 5],
    [3, 7],
  ]);
});
