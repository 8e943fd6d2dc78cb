import { PLATFORM_NAMES } from "@/components/channels/ChannelMark";
import type { Channel } from "@/lib/api/types";

/** The platform's name; the channel's where two channels of one platform are chosen. */
export function shortName(channel: Channel, chosen: readonly Channel[]): string {
  const isAlone = chosen.filter(({ platform }) => platform === channel.platform).length === 1;
  return isAlone ? PLATFORM_NAMES[channel.platform] : channel.name;
}
