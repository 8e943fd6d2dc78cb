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
    ...some,
  };
}

function show(...uploads: Upload[]) {
  const actions = {
    add: vi.fn(),
    cancel: vi.fn(),
    cancelAll: vi.fn(),
    retry: vi.fn(),
    clear: vi.fn(),
  };
  const all: Uploads = { uploads, summary: summarize(uploads), ...actions };
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
    expect(screen.getByRole("alert").textContent).toBe(`tiny.png: ${refused.error.detail}`);
    expect(screen.getAllByText("1 image uploaded, 1 not taken")).toHaveLength(2);
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
    expect(screen.getAllByText("1 image uploaded, 1 already there")).toHaveLength(2);
  });
});
