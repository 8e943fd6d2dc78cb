import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { ApiError, networkError } from "@/lib/api/client";
import type { Image } from "@/lib/api/types";
import type { Upload } from "@/lib/upload/queue";
import { summarize } from "@/lib/upload/summary";
import { UploadTray } from "./UploadTray";
import type { Uploads } from "./useUploads";

let nextId = 1;

function upload(name: string, some: Partial<Upload>): Upload {
  return {
    id: nextId++,
    file: new File(["x".repeat(1000)], name),
    state: "waiting",
    sent: 0,
    image: null,
    isDuplicate: false,
    error: null,
    mayRetry: false,
    mayResize: false,
    note: null,
    ...some,
  };
}

function show(...uploads: Upload[]) {
  const actions = {
    add: vi.fn(),
    cancel: vi.fn(),
    cancelAll: vi.fn(),
    retry: vi.fn(),
    retryAll: vi.fn(),
    resize: vi.fn(),
    resizeAll: vi.fn(),
    hurry: vi.fn(),
    clear: vi.fn(),
  };
  const all: Uploads = { uploads, summary: summarize(uploads), actions, ...actions };
  render(<UploadTray uploads={all} />);
  return actions;
}

const arrived = { state: "done", image: { thumbnail_url: "/t.webp" } as Image } as const;
const refused = {
  state: "failed",
  error: new ApiError({
    status: 422,
    code: "image_too_small",
    detail: "This picture is 100 × 100 pixels. Use one that is at least 400 pixels on each side.",
  }),
} as const;

describe("UploadTray", () => {
  it("is not there without uploads", () => {
    show();
    expect(screen.queryByRole("region", { name: "Uploads" })).toBeNull();
  });

  it("shows how far each file and the batch are", () => {
    show(upload("a.jpg", { state: "sending", sent: 0.5 }), upload("b.jpg", {}));
    expect(screen.getByRole("progressbar", { name: "Uploading a.jpg" })).toHaveProperty(
      "ariaValueNow",
      "50",
    );
    expect(screen.getByRole("progressbar", { name: /^All uploads/ })).toBeDefined();
    expect(screen.getByText("Uploading 1 of 2")).toBeDefined();
  });

  it("says why a file was refused in the server's words, and offers no second try", () => {
    show(upload("a.jpg", arrived), upload("tiny.png", refused));
    const row = screen.getByText("tiny.png").closest("li") as HTMLElement;
    expect(row.textContent).toContain(refused.error.detail);
    expect(within(row).queryByRole("button", { name: "Try again" })).toBeNull();
    expect(screen.getByText("1 uploaded, 1 not taken")).toBeDefined();
    expect(screen.getByRole("status").textContent).toBe(
      `1 uploaded, 1 not taken. tiny.png: ${refused.error.detail}`,
    );
  });

  it("lets a file without an answer be sent again", async () => {
    const lost = upload("a.jpg", { state: "failed", error: networkError(), mayRetry: true });
    const { retry } = show(lost);
    await userEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(retry).toHaveBeenCalledExactlyOnceWith(lost.id);
  });

  it("lets one file or all of them be cancelled", async () => {
    const first = upload("a.jpg", { state: "sending" });
    const { cancel, cancelAll } = show(first, upload("b.jpg", {}));
    await userEvent.click(screen.getByRole("button", { name: "Cancel a.jpg" }));
    expect(cancel).toHaveBeenCalledExactlyOnceWith(first.id);
    await userEvent.click(screen.getByRole("button", { name: "Cancel all" }));
    expect(cancelAll).toHaveBeenCalledOnce();
  });

  it("tells what was there already from what is new", () => {
    show(upload("a.jpg", arrived), upload("b.jpg", { ...arrived, isDuplicate: true }));
    expect(screen.getByText("1 uploaded, 1 was there already")).toBeDefined();
  });

  it("shows only what was not taken when it is over, and the rest when it is wanted", async () => {
    show(upload("a.jpg", arrived), upload("b.jpg", arrived), upload("tiny.png", refused));
    const names = () => screen.getAllByRole("listitem").map((row) => row.querySelector("[title]"));
    expect(names().map((name) => name?.textContent)).toEqual(["tiny.png"]);
    await userEvent.click(await screen.findByRole("button", { name: "Show all 3" }));
    expect(names()).toHaveLength(3);
  });

  it("offers to resize one that is too large, or all of them", async () => {
    const large = { ...refused, mayResize: true };
    const first = upload("a.jpg", large);
    const { resize, resizeAll } = show(first, upload("b.jpg", large));
    const row = screen.getByText("a.jpg").closest("li") as HTMLElement;
    await userEvent.click(within(row).getByRole("button", { name: "Resize to fit and upload" }));
    expect(resize).toHaveBeenCalledExactlyOnceWith(first.id);
    await userEvent.click(await screen.findByRole("button", { name: "Resize all 2" }));
    expect(resizeAll).toHaveBeenCalledOnce();
  });

  it("says why resizing is not offered", () => {
    show(upload("party.gif", { ...refused, note: "It moves." }));
    expect(screen.getByText("party.gif").closest("li")?.textContent).toContain(
      `${refused.error.detail} It moves.`,
    );
  });

  it("copies every file that was not taken, with the reason", async () => {
    const person = userEvent.setup();
    show(upload("a.jpg", refused), upload("b.jpg", arrived), upload("c.jpg", refused));
    await person.click(await screen.findByRole("button", { name: "Copy list" }));
    expect(await screen.findByText("The list is copied.")).toBeDefined();
    expect(await navigator.clipboard.readText()).toBe(
      `a.jpg: ${refused.error.detail}\nc.jpg: ${refused.error.detail}`,
    );
  });

  it("waits for the connection and can be told to look now", async () => {
    const { hurry } = show(upload("a.jpg", { error: networkError() }), upload("b.jpg", {}));
    expect(
      screen.getByText("The connection is lost. Uploading goes on when it is back."),
    ).toBeDefined();
    await userEvent.click(screen.getByRole("button", { name: "Try now" }));
    expect(hurry).toHaveBeenCalledOnce();
  });
});
