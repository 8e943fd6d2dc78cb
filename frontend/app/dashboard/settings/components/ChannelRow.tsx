import { useQuery } from "@tanstack/react-query";
import { RefreshCw, Unplug } from "lucide-react";
import { useState } from "react";
import { ChannelMark } from "@/components/channels/ChannelMark";
import { HEALTH, waitingWords } from "@/components/channels/health";
import { placeTitle } from "@/components/channels/placeName";
import { TryNow } from "@/components/channels/TryNow";
import { Button } from "@/components/ui/Button";
import { ConfirmDialog } from "@/components/ui/Dialog";
import { Badge, CureButton, Notice } from "@/components/ui/feedback";
import { Moment } from "@/components/ui/Moment";
import { useCheckChannel, useDisconnectChannel } from "@/lib/api/channels";
import { canBeTried, incidentsQuery } from "@/lib/api/incidents";
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
  const incidents = useQuery(incidentsQuery(business.id));
  const hold = incidents.data?.find((found) => found.channel_id === channel.id);
  // A channel comes back by the login it came by, where this server has that.
  const login = logins.data?.find(
    (one) => one.login === channel.login && one.is_practice === channel.is_practice,
  );
  const connectAgain = login
    ? () => begin.mutate({ login: login.login, again: true, channelId: channel.id })
    : onConnect;
  return (
    <li className="py-3">
      <div className="flex flex-wrap items-start gap-x-3 gap-y-1.5">
        <ChannelMark platform={channel.platform} className="size-9" />
        <span className="min-w-0 flex-1 basis-36">
          <a
            href={channel.account_url}
            target="_blank"
            rel="noreferrer"
            className="font-medium [overflow-wrap:anywhere] hover:underline hover:underline-offset-2"
          >
            {channel.name}
          </a>
          <span className="block text-caption text-ink-3 [overflow-wrap:anywhere]">
            {placeTitle(channel)}
            {!channel.is_practice && ` · ${channel.external_id}`}
          </span>
        </span>
        <Badge tone={tone}>{words}</Badge>
        {onConnect && (
          <span className="-mr-2.5 flex max-sm:w-full max-sm:pl-9.5">
            <Button
              variant="ghost"
              size="sm"
              icon={RefreshCw}
              isBusy={check.isPending}
              onClick={() => check.mutate(channel.id)}
            >
              Check
              <span className="sr-only"> {`${channel.name}, ${placeTitle(channel)}`}</span>
            </Button>
            <Button variant="ghost" size="sm" icon={Unplug} onClick={() => setAsking(true)}>
              Disconnect
              <span className="sr-only"> {`${channel.name}, ${placeTitle(channel)}`}</span>
            </Button>
          </span>
        )}
      </div>
      <ChannelFacts channel={channel} />
      {channel.status === "restricted" ? (
        <Notice
          tone="bad"
          className="mt-2"
          fact={FACTS.restricted}
          cure={onConnect && <TryNow channel={channel} />}
        >
          {channel.problem?.detail ?? "Look into the account itself: it may ask for something."}
          {channel.tried_again_at && (
            <>
              {" "}
              Posts are tried on it again from{" "}
              <Moment at={channel.tried_again_at} timezone={business.timezone} />.
            </>
          )}
          {waitingWords(channel)}
        </Notice>
      ) : (
        channel.problem && (
          <Notice
            tone="warn"
            className="mt-2"
            fact={FACTS[channel.status]}
            cure={
              onConnect &&
              connectAgain && <CureButton onPress={connectAgain}>Connect it again</CureButton>
            }
          >
            {channel.problem.detail}
            {waitingWords(channel)}
          </Notice>
        )
      )}
      {hold && (
        <Notice
          tone="warn"
          className="mt-2"
          fact="Posts wait on it."
          cure={onConnect && canBeTried(hold) && <TryNow channel={channel} />}
        >
          {hold.detail} Next attempt: <Moment at={hold.until} timezone={business.timezone} />.
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
    token_expires_at && `token renewed by itself before ${formatDate(token_expires_at, timezone)}`,
    data_access_expires_at && `login valid until ${formatDate(data_access_expires_at, timezone)}`,
  ].filter(Boolean);
  if (!checked_at) return null;
  return (
    <p className="mt-1.5 ml-12 text-caption text-ink-3">
      Checked <Moment at={checked_at} timezone={timezone} />
      {parts.map((part) => (
        <span key={part}> · {part}</span>
      ))}
    </p>
  );
}
