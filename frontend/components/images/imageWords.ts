import type { Image } from "@/lib/api/types";
import { plural } from "@/lib/format";

/** What an image is called. A generated one bears the first words of its prompt. */
export function imageName({ original_filename: name, ai_prompt: prompt }: Image): string {
  if (!prompt || prompt === name || !prompt.startsWith(name)) return name;
  // The name was cut from the prompt by length; it ends better after a whole word.
  const isWhole = /^\W/.test(prompt.slice(name.length));
  return `${(isWhole ? name : name.replace(/\s+\S*$/, "")).replace(/[\s,.;:]+$/, "")}…`;
}

/** What a tile shows, in words: "harbour.jpg, AI generated, used 3 times". */
export function tileWords(image: Image): string {
  return [
    image.alt_text || imageName(image),
    image.is_ai_generated && "AI generated",
    image.usage_count > 0 && `used ${plural(image.usage_count, "time")}`,
  ]
    .filter(Boolean)
    .join(", ");
}
