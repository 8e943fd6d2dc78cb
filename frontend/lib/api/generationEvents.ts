import { apiUrl } from "./client";
import type { GenerationStory } from "./types";

interface Listener {
  /** At once, and whenever its state changes. */
  onStory: (story: GenerationStory) => void;
  /** How the picture looks on its way: a data address. */
  onPreview: (address: string, number: number) => void;
  /** The line cannot be had; nothing more is heard here. */
  onLost: () => void;
}

/**
 * Hears how a generation goes, to its end. A cut line is taken up again by the browser where it ended.
 * Each of them keeps a connection, and a browser has six: follow only what is looked at.
 */
export function followGeneration(
  generationId: number,
  { onStory, onPreview, onLost }: Listener,
): () => void {
  const source = new EventSource(apiUrl(`/generations/${generationId}/events`));
  const tell = ({ data }: MessageEvent<string>) => onStory(JSON.parse(data) as GenerationStory);
  source.addEventListener("state", tell);
  source.addEventListener("partial", ({ data }: MessageEvent<string>) => {
    const { image, number } = JSON.parse(data) as { image: string; number: number };
    onPreview(image, number);
  });
  source.addEventListener("done", (event) => {
    source.close();
    tell(event);
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) onLost();
  });
  return () => source.close();
}
