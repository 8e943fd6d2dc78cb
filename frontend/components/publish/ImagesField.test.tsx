import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, it, vi } from "vitest";
import type { Uploads } from "@/components/images/useUploads";
import type { Channel } from "@/lib/api/types";
import { summarize } from "@/lib/upload/summary";
import { AS_IT_IS, type DraftAction, type DraftImage, EMPTY_DRAFT } from "./draft";
import { ImagesField } from "./ImagesField";
import { problemsOf } from "./rules";

const instagram: Channel = {
  id: 1,
  platform: "instagram",
  name: "harbourcoffee",
  external_id: "1",
  account_url: "http://localhost:8000/practice/instagram/1",
  status: "connected",
  is_practice: true,
  login: "facebook",
  token_expires_at: null,
  data_access_expires_at: null,
  checked_at: null,
  missing_permissions: [],
  problem: null,
  quota: null,
  tried_again_at: null,
  waiting_posts: [],
  rules: {
    min_images: 1,
    max_images: 1,
    max_characters: 2200,
    max_hashtags: 30,
    max_mentions: 20,
    max_alt_text: 1000,
    placements: [],
    first_comment: null,
  },
};
const image = (imageId: number, name: string, isAi = false): DraftImage => ({
  imageId,
  name,
  isAi,
  altText: "",
  thumbnailUrl: "",
  thumbhash: "",
  width: 1,
  height: 1,
  userTags: [],
  ...AS_IT_IS,
});
const actions = {
  add: () => {},
  cancel: () => {},
  cancelAll: () => {},
  retry: () => {},
  retryAll: () => {},
  resize: () => {},
  resizeAll: () => {},
  hurry: () => {},
  clear: () => {},
};
const noUploads: Uploads = { uploads: [], summary: summarize([]), actions, ...actions };

function show(
  images: DraftImage[],
  chosen: Channel[],
  dispatch = vi.fn<(_: DraftAction) => void>(),
) {
  const draft = { ...EMPTY_DRAFT, text: "Hello", images };
  const problems = problemsOf(draft, chosen);
  render(
    <ImagesField
      draft={draft}
      checks={[]}
      chosen={chosen}
      problems={problems}
      uploads={noUploads}
      isOver={false}
      dispatch={dispatch}
      onChoose={() => {}}
      onUpload={() => {}}
      onGenerate={() => {}}
      labelsAi
      selectedId={null}
      onSelect={() => {}}
      onLookAgain={() => {}}
      chooseRef={null}
    />,
  );
  return dispatch;
}

it("marks the field as required and says why, with Instagram and no image", () => {
  show([], [instagram]);
  expect(screen.getByRole("group", { name: "Images (required)" })).toBeDefined();
  expect(screen.getByText("Instagram requires at least one image")).toBeDefined();
});

it("asks for nothing while no channel needs an image", () => {
  show([], []);
  expect(screen.getByRole("group", { name: "Images" })).toBeDefined();
  expect(screen.queryByText(/requires/)).toBeNull();
});

it("offers the cure for an image too many", async () => {
  const dispatch = show([image(1, "a.jpg"), image(2, "b.jpg")], [instagram]);
  await userEvent.click(screen.getByRole("button", { name: "Keep the first" }));
  expect(dispatch).toHaveBeenCalledWith({ type: "keepFirst", count: 1 });
});

it("moves an image with Alt and an arrow key, and takes it out with Delete", async () => {
  const dispatch = show([image(1, "a.jpg"), image(2, "b.jpg", true)], []);
  screen.getByRole("button", { name: "Image 1 of 2, a.jpg" }).focus();
  await userEvent.keyboard("{Alt>}{ArrowRight}{/Alt}");
  expect(dispatch).toHaveBeenCalledWith({ type: "moveImage", imageId: 1, to: 1 });
  await userEvent.keyboard("{Delete}");
  expect(dispatch).toHaveBeenCalledWith({ type: "removeImage", imageId: 1 });
});
