import type { Tone } from "@/components/ui/feedback";
import type { Channel, ChannelStatus } from "@/lib/api/types";

/** How a channel is, in words. */
export const HEALTH: Record<ChannelStatus, { words: string; tone: Tone }> = {
  connected: { words: "Connected", tone: "ok" },
  reconnect_needed: { words: "Connect again", tone: "warn" },
  restricted: { words: "Restricted", tone: "bad" },
};

const MOST_NAMED = 3;

/** What waits for a channel, as a sentence that follows another: ` Waiting: “Winter hours”.` */
export function waitingWords({ waiting_posts }: Channel): string {
  if (waiting_posts.length === 0) return "";
  const named = waiting_posts
    .slice(0, MOST_NAMED)
    .map(({ content_text }) => `“${content_text || "Without text"}”`);
  const more = waiting_posts.length - named.length;
  return ` Waiting: ${named.join(", ")}${more > 0 ? ` and ${more} more` : ""}.`;
}
