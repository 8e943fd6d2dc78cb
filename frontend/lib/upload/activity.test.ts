import { afterEach, describe, expect, it, vi } from "vitest";
import { hasUploads, setActivity, subscribeActivity } from "./activity";

const [one, another] = [{}, {}];
afterEach(() => {
  for (const queue of [one, another]) setActivity(queue, false, false);
});

/** Whether the browser would ask before it closes the tab. */
function asks(): boolean {
  return !window.dispatchEvent(new Event("beforeunload", { cancelable: true }));
}

describe("closing the tab", () => {
  it("is asked about while anything is on its way, and not afterwards", () => {
    expect(asks()).toBe(false);
    setActivity(one, true, true);
    setActivity(another, true, true);
    expect(asks()).toBe(true);
    setActivity(one, true, false);
    expect(asks()).toBe(true);
    setActivity(another, true, false);
    expect(asks()).toBe(false);
  });
});

describe("what is listed", () => {
  it("is told when it begins and when it ends, not in between", () => {
    const listener = vi.fn(() => hasUploads());
    const stop = subscribeActivity(listener);
    setActivity(one, true, true);
    setActivity(one, true, false);
    setActivity(one, false, false);
    expect(listener.mock.results.map(({ value }) => value)).toEqual([true, false]);
    stop();
    setActivity(one, true, true);
    expect(listener).toHaveBeenCalledTimes(2);
  });
});
