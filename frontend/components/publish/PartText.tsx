import { ChevronDown } from "lucide-react";
import { ChannelMark } from "@/components/channels/ChannelMark";
import { Menu, MenuItem } from "@/components/ui/Menu";
import type { Channel } from "@/lib/api/types";
import { shortName } from "./shortName";

/** As many stand side by side; more are in a menu. */
const MOST_LINKS = 2;

interface PartTextProps {
  /** The channels that say what all others say. */
  joined: readonly Channel[];
  chosen: readonly Channel[];
  onPart: (channelId: number) => void;
}

/** Begins a text of its own for one of the channels. */
export function PartText({ joined, chosen, onPart }: PartTextProps) {
  if (joined.length <= MOST_LINKS) {
    return joined.map((channel) => (
      <button
        key={channel.id}
        type="button"
        className="link min-h-6"
        onClick={() => onPart(channel.id)}
      >
        Write another text for {shortName(channel, chosen)}
      </button>
    ));
  }
  return (
    <Menu
      trigger={
        <button type="button" className="link inline-flex min-h-6 items-center gap-1">
          Write another text for…
          <ChevronDown aria-hidden className="size-4" />
        </button>
      }
    >
      {joined.map((channel) => (
        <MenuItem key={channel.id} onSelect={() => onPart(channel.id)}>
          <ChannelMark platform={channel.platform} className="size-5" />
          {channel.name}
        </MenuItem>
      ))}
    </Menu>
  );
}
