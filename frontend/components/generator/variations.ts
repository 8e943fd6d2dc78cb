/** Small changes to a prompt that lead somewhere else. */
export const VARIATIONS = [
  { label: "Seen from closer", words: "seen from close up" },
  { label: "Seen from further away", words: "seen from far away" },
  { label: "From above", words: "seen from above" },
  { label: "In the evening", words: "in warm evening light" },
  { label: "In winter", words: "in winter, with snow" },
  { label: "With more space around it", words: "with plenty of empty space around it" },
] as const;

/** The prompt with these words, in the place of another variation at its end. */
export function vary(prompt: string, words: string): string {
  let base = prompt.trim().replace(/[.,;\s]+$/, "");
  for (const variation of VARIATIONS) {
    if (base.endsWith(`, ${variation.words}`)) {
      base = base.slice(0, -variation.words.length - 2);
      break;
    }
  }
  return base ? `${base}, ${words}` : words;
}
