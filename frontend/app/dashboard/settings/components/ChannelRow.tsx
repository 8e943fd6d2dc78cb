import { useQuery } from "@tanstack/react-query";
import { RefreshCw, Unplug } from "lucide-react";
import { useState } from "react";
import { ChannelMark } from "@/components/channels/ChannelMark";
import { HEALTH, waitingWords } from "@/components/channels/health";
import { placeTitle } from "@/components/channels/placeName";
import { ConfirmDialog } from "@/components/ui/Dialog";
import { Badge, CureButton, Notice } from "@/components/ui/feedback";
import { IconButton } from "@/components/ui/IconButton";
import { Moment } from "@/components/ui/Moment";
import { useCheckChannel, useDisconnectChannel } from "@/lib/api/channels";
import { loginsQuery, useBeginLogin } from "@/lib/api/logins";
import type { Channel, ChannelStatus } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { formatDate } from "@/lib/format";
import { PostsInTheWay } from "./PostsInTheWay";

const FACTS: Record<ChannelStatus, string> = {
  connected: "It goes on, for now.",
  reconnect_needed: "Nothing goes out on it until it is connected again.",
  restricted: "The platform has restricted this account.",
};

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
  const check = useCheckChannel(business.id);
  const begin = useBeginLogin(business.id);
  const logins = useQuery(loginsQuery(business.id));
  // A channel comes back by the login it came by, where this server has that.
  const login = logins.data?.find(
    (one) => one.login === channel.login && one.is_practice === channel.is_practice,
  );
  const connectAgain = login ? () => begin.mutate({ login: login.login, again: true }) : onConnect;
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
            label={`Look how ${channel.name}, ${placeTitle(channel)}, is`}
            icon={RefreshCw}
            hasTooltip={false}
            aria-busy={check.isPending || undefined}
            onClick={() => !check.isPending && check.mutate(channel.id)}
          />
        )}
        {onConnect && (
          <IconButton
            label={`Disconnect ${channel.name}, ${placeTitle(channel)}`}
            icon={Unplug}
            hasTooltip={false}
            onClick={() => setAsking(true)}
          />
        )}
      </div>
      <ChannelFacts channel={channel} />
      {channel.problem && (
        <Notice
          tone={channel.status === "restricted" ? "bad" : "warn"}
          className="mt-2"
          fact={FACTS[channel.status]}
          cure={
            onConnect &&
            connectAgain &&
            channel.status !== "restricted" && (
              <CureButton onPress={connectAgain}>Connect it again</CureButton>
            )
          }
        >
          {channel.problem.detail}
          {waitingWords(channel)}
        </Notice>
      )}
      {channel.status === "restricted" && !channel.problem && (
        <Notice tone="bad" className="mt-2" fact={FACTS.restricted}>
          Look into the account itself: a person has to act there first.{waitingWords(channel)}
        </Notice>
      )}
      {(check.error ?? begin.error) && (
        <Notice tone="bad" isAlert className="mt-2">
          {(check.error ?? begin.error)?.message}
        </Notice>
      )}
      {disconnect.error && <PostsInTheWay error={disconnect.error} />}
      <ConfirmDialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={() => disconnect.mutate(channel.id, { onSettled: () => setAsking(false) })}
        isBusy={disconnect.isPending}
        title={`Disconnect ${channel.name}?`}
        confirmLabel="Disconnect"
      >
        Nothing more goes out on it, and its token is forgotten. What was published stays, there and
        in your posts. Drafts for it stay, too, and go out without it.
      </ConfirmDialog>
    </li>
  );
}

/** When it was looked at, until when its token counts, and how many posts the day has left. */
function ChannelFacts({ channel }: { channel: Channel }) {
  const { timezone } = useBusiness();
  const { checked_at, token_expires_at, data_access_expires_at, quota } = channel;
  const parts = [
    quota && `${quota.used} of ${quota.total} posts in 24 hours`,
    token_expires_at && `token renewed before ${formatDate(token_expires_at, timezone)}`,
    data_access_expires_at && `login counts until ${formatDate(data_access_expires_at, timezone)}`,
  ].filter(Boolean);
  if (!checked_at) return null;
  return (
    <p className="mt-1.5 ml-12 text-caption text-ink-3">
      Looked at <Moment at={checked_at} timezone={timezone} />
      {parts.map((part) => (
        <span key={part}> · {part}</span>
      ))}
    </p>
  );
}
