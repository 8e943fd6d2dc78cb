import { QueryClient } from "@tanstack/react-query";
import { expect, it } from "vitest";
import { recentGenerationsQuery, storyQuery, tellStory } from "./generations";
import type { Generation, GenerationState, Image } from "./types";

function generation(state: GenerationState, change: Partial<Generation> = {}): Generation {
  return { id: 7, state, image_id: null, ...change } as Generation;
}

function hears(...states: GenerationState[]) {
  const client = new QueryClient();
  const recent = recentGenerationsQuery(1).queryKey;
  client.setQueryData(recent, { generations: [], images: [], next_cursor: null });
  for (const state of states) tellStory(client, 1, { generation: generation(state), image: null });
  return {
    story: client.getQueryData(storyQuery(1, 7).queryKey)?.generation.state,
    recent: client.getQueryData(recent)?.generations.map((it) => it.state),
  };
}

it("what is heard last counts, wherever it is shown", () => {
  expect(hears("queued", "running")).toEqual({ story: "running", recent: ["running"] });
});

it("an answer that was overtaken brings nothing back to life", () => {
  expect(hears("running", "cancelled", "running")).toEqual({
    story: "cancelled",
    recent: ["cancelled"],
  });
});

it("one that was unknown may turn up after all", () => {
  expect(hears("unknown", "running")).toEqual({ story: "running", recent: ["running"] });
});

it("an answer without the image does not take the image away", () => {
  const client = new QueryClient();
  const done = generation("succeeded", { image_id: 3 });
  tellStory(client, 1, { generation: done, image: { id: 3 } as Image });
  tellStory(client, 1, { generation: done, image: null });
  expect(client.getQueryData(storyQuery(1, 7).queryKey)?.image?.id).toBe(3);
});
