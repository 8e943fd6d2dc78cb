import { describe, expect, it } from "vitest";
import type { Image } from "@/lib/api/types";
import { factAndCure } from "./factAndCure";
import { imageName, tileWords } from "./imageWords";

const image = (some: Partial<Image>) =>
  ({
    original_filename: "harbour.jpg",
    alt_text: "",
    ai_prompt: null,
    is_ai_generated: false,
    usage_count: 0,
    ...some,
  }) as Image;

describe("imageName", () => {
  it("is the name of an uploaded file", () => {
    expect(imageName(image({}))).toBe("harbour.jpg");
  });

  it("ends a prompt that was cut after a whole word", () => {
    const ai_prompt = "A quiet harbour at dawn, wooden boats";
    expect(imageName(image({ ai_prompt, original_filename: "A quiet harbour at da" }))).toBe(
      "A quiet harbour at…",
    );
    expect(imageName(image({ ai_prompt, original_filename: "A quiet harbour at dawn" }))).toBe(
      "A quiet harbour at dawn…",
    );
    expect(imageName(image({ ai_prompt, original_filename: ai_prompt }))).toBe(ai_prompt);
  });

  it("is the name that somebody gave to a generated image", () => {
    expect(imageName(image({ ai_prompt: "A harbour", original_filename: "Hero" }))).toBe("Hero");
  });
});

describe("tileWords", () => {
  it("says what the tile shows", () => {
    expect(
      tileWords(image({ alt_text: "Boats at dawn", is_ai_generated: true, usage_count: 3 })),
    ).toBe("Boats at dawn, AI generated, used 3 times");
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
