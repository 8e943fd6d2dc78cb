import { Unplug } from "lucide-react";
import { useState } from "react";
import { ChannelMark } from "@/components/channels/ChannelMark";
import { HEALTH } from "@/components/channels/health";
import { placeTitle } from "@/components/channels/placeName";
import { ConfirmDialog } from "@/components/ui/Dialog";
import { Badge, CureButton, Notice } from "@/components/ui/feedback";
import { IconButton } from "@/components/ui/IconButton";
import { useDisconnectChannel } from "@/lib/api/channels";
import { ApiError } from "@/lib/api/client";
import type { Channel } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";

interface ChannelRowProps {
  channel: Channel;
  /** Missing: the person may only look. */
  onConnect: (() => void) | undefined;
}

/** One place to publish to: how it is, and how it is let go. */
export function ChannelRow({ channel, onConnect }: ChannelRowProps) {
  const business = useBusiness();
  const disconnect = useDisconnectChannel(business.id);
  const [isAsking, setAsking] = useState(false);
  const { words, tone } = HEALTH[channel.status];
  return (
    <li className="py-3">
      <div className="flex items-center gap-3">
        <ChannelMark platform={channel.platform} className="size-9" />
        <span className="min-w-0 flex-1">
          <span className="block truncate font-medium">{channel.name}</span>
          <span className="block truncate text-caption text-ink-3">
            {placeTitle(channel)}
            {!channel.is_practice && ` · ${channel.external_id}`}
          </span>
        </span>
        <Badge tone={tone}>{words}</Badge>
        {onConnect && (
          <IconButton
            label={`Disconnect ${channel.name}, ${placeTitle(channel)}`}
            icon={Unplug}
            hasTooltip={false}
            onClick={() => setAsking(true)}
          />
        )}
      </div>
      {channel.status === "reconnect_needed" && !channel.is_practice && (
        <Notice
          tone="warn"
          className="mt-2"
          fact="Its token is no longer accepted."
          cure={onConnect && <CureButton onPress={onConnect}>Connect it again</CureButton>}
        >
          Posts wait until it is connected again.
        </Notice>
      )}
      {channel.status === "restricted" && (
        <Notice tone="bad" className="mt-2" fact="The platform has restricted this account.">
          Look into the account itself: a person has to act there first.
        </Notice>
      )}
      {disconnect.error && <Refusal error={disconnect.error} />}
      <ConfirmDialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={() => disconnect.mutate(channel.id, { onSettled: () => setAsking(false) })}
        isBusy={disconnect.isPending}
        title={`Disconnect ${channel.name}?`}
        confirmLabel="Disconnect"
      >
        Nothing more goes out on it, and its token is forgotten. What was published stays, there and
        in your posts.
      </ConfirmDialog>
    </li>
  );
}

/** Why a channel stays: the posts that are still to go out on it, by their first words. */
function Refusal({ error }: { error: Error }) {
  const posts = error instanceof ApiError ? error.problem.posts : undefined;
  const texts = Array.isArray(posts)
    ? posts.map((post: { content_text?: unknown }) => String(post.content_text ?? ""))
    : [];
  return (
    <Notice tone="bad" isAlert className="mt-2">
      {error.message}
      {texts.length > 0 && ` ${texts.map((text) => `“${text || "Without text"}”`).join(", ")}`}
    </Notice>
  );
}
