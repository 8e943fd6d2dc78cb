import type { Tone } from "@/components/ui/feedback";
import type { ChannelStatus } from "@/lib/api/types";

/** How a channel is, in words. */
export const HEALTH: Record<ChannelStatus, { words: string; tone: Tone }> = {
  connected: { words: "Connected", tone: "ok" },
  reconnect_needed: { words: "Connect again", tone: "warn" },
  restricted: { words: "Restricted", tone: "bad" },
};
