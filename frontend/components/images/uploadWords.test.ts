import { describe, expect, it } from "vitest";
import { networkError } from "@/lib/api/client";
import type { Upload } from "@/lib/upload/queue";
import { summarize } from "@/lib/upload/summary";
import { spokenWords, summaryWords } from "./uploadWords";

let nextId = 1;
const upload = (state: Upload["state"], some: Partial<Upload> = {}): Upload => ({
  id: nextId++,
  file: new File(["x"], "a.jpg"),
  state,
  sent: 0,
  image: null,
  isDuplicate: false,
  error: null,
  mayRetry: false,
  mayResize: false,
  note: null,
  ...some,
});
const times = (count: number, state: Upload["state"], some?: Partial<Upload>) =>
  Array.from({ length: count }, () => upload(state, some));
const words = (...uploads: Upload[]) => summaryWords(summarize(uploads));
const duplicate = { isDuplicate: true };

describe("summaryWords", () => {
  it.each([
    ["1 image uploaded", [upload("done")]],
    ["3 images uploaded", times(3, "done")],
    ["Not uploaded", [upload("failed")]],
    ["2 files not uploaded", times(2, "failed")],
    ["Already in your library", times(2, "done", duplicate)],
    ["1 uploaded, 1 was there already", [upload("done"), upload("done", duplicate)]],
    [
      "196 uploaded, 2 were there already, 2 not taken",
      [...times(196, "done"), ...times(2, "done", duplicate), ...times(2, "failed")],
    ],
    ["2 were there already, 1 not taken", [...times(2, "done", duplicate), upload("failed")]],
    ["Uploading 2 of 3", [upload("done"), upload("sending"), upload("waiting")]],
    ["Waiting for the connection", [upload("done"), upload("waiting", { error: networkError() })]],
  ])("says %s", (expected, uploads) => {
    expect(words(...uploads)).toBe(expected);
  });
});

describe("spokenWords", () => {
  const spoken = (...uploads: Upload[]) => spokenWords(summarize(uploads), uploads);

  it("speaks once for each quarter of a long batch, and not between", () => {
    const said = Array.from({ length: 100 }, (_, done) =>
      spoken(...times(done, "done"), ...times(100 - done, "waiting")),
    );
    expect(Array.from(new Set(said))).toEqual([
      "Uploading 100 files",
      "25 of 100 files uploaded",
      "50 of 100 files uploaded",
      "75 of 100 files uploaded",
    ]);
  });

  it("gives the first reasons at the end", () => {
    expect(spoken(...times(5, "failed", { error: networkError() }))).toBe(
      `5 files not uploaded. ${Array(3).fill(`a.jpg: ${networkError().detail}`).join(" ")}`,
    );
  });

  it("says nothing where there is nothing", () => {
    expect(spoken()).toBe("");
  });
});
