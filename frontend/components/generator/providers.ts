const TITLES: Record<string, string> = {
  openai: "OpenAI",
  stability: "Stability AI",
  replicate: "Replicate",
  automatic1111: "AUTOMATIC1111",
  comfyui: "ComfyUI",
  practice: "Practice",
};

/** A provider as people call it. */
export function providerTitle(name: string): string {
  return TITLES[name] ?? name;
}
