import { Link } from "@tanstack/react-router";
import { Check, TriangleAlert } from "lucide-react";
import { ChannelMark } from "@/components/channels/ChannelMark";
import { placeTitle } from "@/components/channels/placeName";
import { cn } from "@/components/ui/cn";
import { CureButton } from "@/components/ui/feedback";
import type { Channel } from "@/lib/api/types";
import { ProblemNotices } from "./ProblemNotices";
import type { Problem } from "./rules";

/** Troubles that end when the channel is connected anew. */
const RECONNECTS = new Set(["channel_not_connected", "permission_missing"]);

interface ChannelsFieldProps {
  channels: readonly Channel[];
  chosenIds: readonly number[];
  problems: readonly Problem[];
  onToggle: (channelId: number) => void;
}

/** Where the post goes: each channel is a chip that is on or off. */
export function ChannelsField({ channels, chosenIds, problems, onToggle }: ChannelsFieldProps) {
  return (
    <fieldset className="flex flex-col gap-2">
      <legend className="mb-2 font-semibold text-small">Where</legend>
      {channels.length === 0 ? (
        <p className="text-ink-2">
          No channel is connected yet. You can write, and keep the post as a draft.
        </p>
      ) : (
        <div className="flex flex-wrap gap-2">
          {channels.map((channel) => (
            <Chip
              key={channel.id}
              channel={channel}
              isChosen={chosenIds.includes(channel.id)}
              onToggle={() => onToggle(channel.id)}
            />
          ))}
        </div>
      )}
      <ProblemNotices
        problems={problems}
        cureFor={({ code, channelId }) => (
          <>
            {RECONNECTS.has(code) && (
              <>
                <Link to="/dashboard/settings" hash="channels">
                  See the channel
                </Link>{" "}
              </>
            )}
            {chosenIds.includes(channelId) && (
              <CureButton onPress={() => onToggle(channelId)}>Leave it out</CureButton>
            )}
          </>
        )}
      />
    </fieldset>
  );
}

interface ChipProps {
  channel: Channel;
  isChosen: boolean;
  onToggle: () => void;
}

function Chip({ channel, isChosen, onToggle }: ChipProps) {
  const isWell = channel.status === "connected";
  return (
    <label
      className={cn(
        "relative flex h-control max-w-full cursor-pointer items-center gap-2 rounded-full border pr-3 pl-1.5 font-medium",
        "transition-colors duration-150 motion-reduce:transition-none",
        "has-focus-visible:outline-2 has-focus-visible:outline-accent has-focus-visible:outline-offset-2",
        isChosen
          ? "border-accent bg-accent-soft text-ink"
          : "border-line-input bg-surface text-ink-2 hover:bg-sunken hover:text-ink",
      )}
    >
      <input
        type="checkbox"
        checked={isChosen}
        onChange={onToggle}
        aria-label={`${channel.name}, ${placeTitle(channel)}`}
        className="absolute inset-0 cursor-pointer appearance-none rounded-full outline-none"
      />
      <ChannelMark
        platform={channel.platform}
        className={cn("size-5.5", !isChosen && "opacity-60 grayscale")}
      />
      <span className="truncate">{channel.name}</span>
      {channel.is_practice && (
        <span className="-ml-0.5 font-normal text-caption text-ink-3">Practice</span>
      )}
      {!isWell ? (
        <TriangleAlert aria-hidden className="size-4 shrink-0 text-warn" />
      ) : (
        <Check
          aria-hidden
          className={cn("-ml-0.5 size-4 shrink-0 text-accent", !isChosen && "invisible")}
          strokeWidth={2.5}
        />
      )}
    </label>
  );
}
