import { describe, expect, it } from "vitest";
import type { Image } from "@/lib/api/types";
import { factAndCure } from "./factAndCure";
import { daysLeft, goneWords, tileWords, uploadHint } from "./imageWords";

const image = (some: Partial<Image>) =>
  ({
    original_filename: "harbour.jpg",
    alt_text: "",
    ai_prompt: null,
    is_ai_generated: false,
    usage_count: 0,
    ...some,
  }) as Image;

describe("uploadHint", () => {
  it("says what this server takes", () => {
    expect(
      uploadHint({ max_upload_bytes: 2_621_440, min_side: 400, max_side: 4096, trash_days: 30 }),
    ).toBe("JPEG, PNG, GIF or WebP, up to 2.5 MiB, 400 to 4096 pixels a side");
  });

  it("names every kind that the server has told", () => {
    const limits = { max_upload_bytes: 1024 * 1024, min_side: 400, max_side: 4096, trash_days: 30 };
    const types = ["image/jpeg", "image/png", "image/heic", "image/heif", "image/avif"];
    expect(uploadHint(limits, types)).toMatch(/^JPEG, PNG, HEIC or AVIF, up to 1 MiB/);
  });
});

describe("tileWords", () => {
  it("says what the tile shows", () => {
    expect(
      tileWords(image({ alt_text: "Boats at dawn", is_ai_generated: true, usage_count: 3 })),
    ).toBe("Boats at dawn, AI generated, used 3 times");
  });
});

describe("how long an image stays in the trash", () => {
  const at = (iso: string) => Date.parse(iso);
  it("is counted in days that have begun", () => {
    const left = (now: string) => daysLeft("2026-03-01T12:00:00Z", 30, at(now));
    expect(left("2026-03-01T12:00:00Z")).toBe(30);
    expect(left("2026-03-19T12:00:01Z")).toBe(12);
    expect(left("2026-03-31T11:00:00Z")).toBe(1);
    expect(left("2026-04-02T00:00:00Z")).toBe(0);
  });

  it("is said in words", () => {
    expect(goneWords(12)).toBe("Gone for good in 12 days");
    expect(goneWords(1)).toBe("Gone for good in 1 day");
    expect(goneWords(0)).toBe("Gone for good today");
  });
});

describe("factAndCure", () => {
  it("takes the first sentence apart from the others and changes no letter", () => {
    expect(factAndCure("The file is larger than 1.5 MiB. Make it smaller.")).toEqual({
      fact: "The file is larger than 1.5 MiB.",
      cure: "Make it smaller.",
    });
    expect(factAndCure("Nothing to do")).toEqual({ fact: "Nothing to do", cure: "" });
  });
});
