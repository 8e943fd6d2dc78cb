import { describe, expect, it } from "vitest";
import { networkError } from "@/lib/api/client";
import type { Upload } from "./queue";
import { summarize } from "./summary";

function upload(state: Upload["state"], size: number, sent = 0): Upload {
  return {
    id: 1,
    file: new File(["x".repeat(size)], "a.jpg"),
    state,
    sent,
    image: null,
    isDuplicate: false,
    error: null,
    mayRetry: false,
    mayResize: false,
    note: null,
  };
}

describe("summarize", () => {
  it("counts what can still be done about those that failed", () => {
    const failed = upload("failed", 10);
    expect(
      summarize([failed, { ...failed, mayRetry: true }, { ...failed, mayResize: true }]),
    ).toMatchObject({ failed: 3, retryable: 1, resizable: 1 });
  });

  it("is away only while nothing moves at all", () => {
    const lost = { ...upload("waiting", 10), error: networkError() };
    expect(summarize([lost, upload("waiting", 10)]).isAway).toBe(true);
    expect(summarize([lost, upload("sending", 10)]).isAway).toBe(false);
    expect(summarize([upload("waiting", 10)]).isAway).toBe(false);
  });

  it("counts what arrived, what failed and what is still going on", () => {
    expect(
      summarize([
        upload("done", 10),
        upload("failed", 10),
        upload("waiting", 10),
        upload("sending", 10),
      ]),
    ).toMatchObject({ total: 4, done: 1, failed: 1, active: 2 });
  });

  it("weighs files by their bytes", () => {
    expect(summarize([upload("done", 300), upload("waiting", 100)]).progress).toBe(0.75);
  });

  it("is full only when everything is over", () => {
    expect(summarize([upload("checking", 100, 1)]).progress).toBeLessThan(1);
    expect(summarize([upload("done", 100), upload("failed", 0)]).progress).toBe(1);
  });

  it("is nothing for an empty list", () => {
    expect(summarize([])).toMatchObject({ total: 0, active: 0, isAway: false, progress: 0 });
  });
});
