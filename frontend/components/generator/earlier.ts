import type { Generation, GenerationList, Image } from "@/lib/api/types";

/** Words that were asked for before. */
export interface EarlierPrompt {
  generation: Generation;
  image: Image | undefined;
}

/** Each prompt once, newest first, with the picture it led to where there is one. */
export function earlierPrompts({ generations, images }: GenerationList): EarlierPrompt[] {
  const found = new Map<string, EarlierPrompt>();
  for (const generation of generations) {
    const words = generation.prompt.trim();
    const image = images.find(({ id }) => id === generation.image_id);
    const known = found.get(words);
    if (!known) found.set(words, { generation, image });
    else if (!known.image && image) found.set(words, { generation: known.generation, image });
  }
  return [...found.values()];
}
