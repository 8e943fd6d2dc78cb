const TITLES: Record<string, string> = {
  openai: "OpenAI",
  stability: "Stability AI",
  replicate: "Replicate",
  automatic1111: "AUTOMATIC1111",
  comfyui: "ComfyUI",
  practice: "Practice",
};

/** Whether its pictures are practice, and what they cost too. */
export function isPracticeProvider(name: string): boolean {
  return name === "practice";
}

/** A provider as people call it. */
export function providerTitle(name: string): string {
  return TITLES[name] ?? name;
}
