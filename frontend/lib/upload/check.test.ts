// @vitest-environment node
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkFile } from "./check";

const limits = {
  maxBytes: 1000,
  minSide: 400,
  maxSide: 4096,
  mimeTypes: ["image/jpeg", "image/png", "image/gif", "image/webp", "image/heic", "image/heif"],
};

/** A GIF of these sides; its frames hold nothing, which is enough to be counted. */
function gif(width: number, height: number, { frames = 1, padding = 0 } = {}): File {
  const number = (value: number) => [value & 255, value >> 8];
  const frame = [0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 1, 9, 0];
  const head = [...Array.from("GIF89a", (it) => it.charCodeAt(0)), ...number(width)];
  const bytes = [...head, ...number(height), 0, 0, 0, ...Array(frames).fill(frame).flat(), 0x3b];
  return new File([new Uint8Array([...bytes, ...Array(padding).fill(0)])], "a.gif");
}

beforeEach(() => {
  // What a browser has and this environment has not.
  for (const name of ["Worker", "OffscreenCanvas", "createImageBitmap"])
    vi.stubGlobal(name, class {});
});
afterEach(() => vi.unstubAllGlobals());

describe("checkFile", () => {
  it("lets pass what keeps to the limits", async () => {
    expect(await checkFile(gif(400, 4096), limits)).toBeNull();
  });

  it("refuses what is no picture, naming what the server takes", async () => {
    const words = new File(["These are words, not a picture."], "notes.jpg");
    expect((await checkFile(words, limits))?.refusal.detail).toBe(
      "This file is not a picture that we can take. Use a JPEG, PNG, GIF, WebP or HEIC picture.",
    );
    // Until it is known what the server takes, the server says so.
    expect(await checkFile(words, { ...limits, mimeTypes: undefined })).toBeNull();
  });

  it("speaks of bytes before anything else, as the server does", async () => {
    const finding = await checkFile(gif(20, 20, { padding: 2000 }), limits);
    expect(finding?.refusal).toMatchObject({ code: "file_too_large", status: 413 });
    expect((await checkFile(new File(["x".repeat(1001)], "a"), limits))?.mayResize).toBe(false);
  });

  it("refuses what is too small, and nothing can be done about it here", async () => {
    expect(await checkFile(gif(399, 800), limits)).toMatchObject({
      refusal: { code: "image_too_small", problem: { width: 399, height: 800, limit: 400 } },
      mayResize: false,
      note: null,
    });
  });

  it("offers to resize what has too many pixels", async () => {
    expect(await checkFile(gif(5000, 800), limits)).toMatchObject({
      refusal: { code: "image_dimensions_too_large" },
      mayResize: true,
      note: null,
    });
  });

  it("offers nothing that would lose something, and says what", async () => {
    expect(await checkFile(gif(5000, 800, { frames: 2 }), limits)).toMatchObject({
      mayResize: false,
      note: expect.stringContaining("It moves"),
    });
    expect(await checkFile(gif(8192, 700), limits)).toMatchObject({
      mayResize: false,
      note: "Resized to fit, it would be only 350 pixels high. Crop it first.",
    });
    expect(await checkFile(gif(20_000, 20_000), limits)).toMatchObject({
      mayResize: false,
      note: "It has too many pixels to be resized in a browser.",
    });
  });

  it("offers nothing where the browser cannot work beside the page", async () => {
    vi.stubGlobal("OffscreenCanvas", undefined);
    expect(await checkFile(gif(5000, 800), limits)).toMatchObject({ mayResize: false, note: null });
  });
});
