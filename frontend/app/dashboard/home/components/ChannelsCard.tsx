import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChannelMark } from "@/components/channels/ChannelMark";
import { HEALTH, waitingWords } from "@/components/channels/health";
import { placeTitle } from "@/components/channels/placeName";
import { useNewsOfChannel } from "@/components/posts/useNewsOfChannel";
import { Badge, ErrorState, Loading, Skeleton } from "@/components/ui/feedback";
import { Card } from "@/components/ui/surface";
import { channelsQuery } from "@/lib/api/channels";
import { recentPostsQuery } from "@/lib/api/posts";
import type { PostSummary } from "@/lib/api/types";
import { useBusiness, useMayManage } from "@/lib/business";

function statesOf(posts: readonly PostSummary[]): string {
  return posts
    .flatMap((post) => post.publications)
    .map(({ id, state, held_until }) => `${id} ${state} ${held_until ?? ""}`)
    .join();
}

/** Whether each channel can be published to. */
export function ChannelsCard() {
  const business = useBusiness();
  const mayManage = useMayManage();
  const { data: recent } = useQuery(recentPostsQuery(business.id));
  useNewsOfChannel(recent && statesOf(recent.posts));
  const query = useQuery(channelsQuery(business.id));
  return (
    <Card
      title="Channels"
      titleId="channels"
      aside={
        <Link to="/dashboard/settings" hash="channels" className="link text-small">
          {mayManage ? "Manage" : "See all"}
        </Link>
      }
    >
      {query.isError ? (
        <ErrorState
          title="Your channels could not be loaded"
          onRetry={() => query.refetch()}
          isRetrying={query.isFetching}
          isCompact
          className="pt-1.5"
        >
          {query.error.message}
        </ErrorState>
      ) : query.isPending ? (
        <Loading label="Loading channels">
          <div className="flex flex-col gap-3 pt-2">
            <Skeleton className="h-9" />
            <Skeleton className="h-9" />
          </div>
        </Loading>
      ) : query.data.length === 0 ? (
        <p className="text-ink-2">
          No channel is connected yet. Until one is, posts can be written and kept as drafts.
        </p>
      ) : (
        <ul className="flex flex-col gap-3 pt-1.5">
          {query.data.map((channel) => {
            const { words, tone } = HEALTH[channel.status];
            return (
              <li key={channel.id}>
                <div className="flex items-center gap-3">
                  <ChannelMark platform={channel.platform} className="size-8" />
                  <span className="min-w-0 flex-1">
                    <a
                      href={channel.account_url}
                      target="_blank"
                      rel="noreferrer"
                      className="block truncate font-medium hover:underline hover:underline-offset-2"
                    >
                      {channel.name}
                    </a>
                    <span className="block truncate text-caption text-ink-3">
                      {placeTitle(channel)}
                    </span>
                  </span>
                  <Badge tone={tone}>{words}</Badge>
                </div>
                {channel.problem && (
                  <p className="mt-1.5 text-pretty text-ink-2 text-small">
                    {channel.problem.detail}
                    {waitingWords(channel)}{" "}
                    <Link to="/dashboard/settings" hash="channels" className="link">
                      See the channel
                    </Link>
                  </p>
                )}
              </li>
            );
          })}
        </ul>
      )}
    </Card>
  );
}
