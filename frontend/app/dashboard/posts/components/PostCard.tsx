import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { PencilLine } from "lucide-react";
import { ChannelMark } from "@/components/channels/ChannelMark";
import { placeTitle } from "@/components/channels/placeName";
import { PostStateBadge } from "@/components/posts/PostStateBadge";
import { PostThumbnail } from "@/components/posts/PostThumbnail";
import { PublicationRow } from "@/components/posts/PublicationRow";
import { useComposer } from "@/components/publish/useComposer";
import { Button } from "@/components/ui/Button";
import { cn } from "@/components/ui/cn";
import { Moment } from "@/components/ui/Moment";
import { channelsQuery } from "@/lib/api/channels";
import type { PostSummary } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { plural } from "@/lib/format";
import { PostMenu } from "./PostMenu";
import { ScheduledBar } from "./ScheduledBar";

interface PostCardProps {
  post: PostSummary;
  /** It is what the page is about: its history is on show, and nothing leads to where one is. */
  isAlone?: boolean;
}

/** One post: what it says, and where it stands on each of its channels. */
export function PostCard({ post, isAlone = false }: PostCardProps) {
  const business = useBusiness();
  const composer = useComposer();
  const isDraft = post.state === "draft";
  const mayAct = business.role !== "viewer";
  const title = post.content_text.trim() || (
    <span className="font-normal text-ink-3">{isDraft ? "No text yet" : "Without text"}</span>
  );
  return (
    <article className="rounded-card border border-line bg-surface">
      <div
        className={cn(
          "grid grid-cols-[auto_minmax(0,1fr)_auto] items-start gap-x-4 gap-y-3 p-4 [grid-template-areas:'picture_text_menu'_'picture_act_act']",
          "sm:grid-cols-[auto_minmax(0,1fr)_auto_auto] sm:gap-x-3 sm:[grid-template-areas:'picture_text_act_menu']",
        )}
      >
        <PostThumbnail post={post} className="size-16 [grid-area:picture]" />
        <div className="min-w-0 [grid-area:text] sm:pr-4 sm:pl-1">
          <h2 className="line-clamp-2 whitespace-pre-line font-medium text-body [overflow-wrap:anywhere]">
            {isAlone ? (
              title
            ) : (
              <Link
                to="/dashboard/posts/$postId"
                params={{ postId: post.id }}
                className="rounded-[3px] hover:underline hover:underline-offset-3"
              >
                {title}
              </Link>
            )}
          </h2>
          <p className="mt-1 flex flex-wrap items-center gap-x-1.5 text-ink-3 text-small">
            <span>
              {isDraft ? "Edited" : "Written"}{" "}
              <Moment
                at={isDraft ? post.updated_at : post.created_at}
                timezone={business.timezone}
              />
            </span>
            {post.images.length > 1 && <span>· {plural(post.images.length, "image")}</span>}
            {isDraft && <DraftChannels post={post} />}
          </p>
        </div>
        {isDraft && (
          <div className="flex items-center gap-3 [grid-area:act] max-sm:flex-row-reverse max-sm:justify-end">
            <PostStateBadge state="draft" />
            <Button size="sm" icon={PencilLine} onClick={() => composer.openDraft(post.id)}>
              {mayAct ? "Edit draft" : "Open draft"}
            </Button>
          </div>
        )}
        {mayAct && (
          <div className="-mr-1 [grid-area:menu]">
            <PostMenu post={post} isAlone={isAlone} />
          </div>
        )}
      </div>
      {isScheduled(post) && (
        <ScheduledBar post={post} timezone={business.timezone} mayAct={mayAct} />
      )}
      {post.publications.length > 0 && (
        <ul className="divide-y divide-line border-line border-t">
          {post.publications.map((publication) => (
            <li key={publication.id} className="px-4 py-3">
              <PublicationRow
                publication={publication}
                timezone={business.timezone}
                scheduledAt={isScheduled(post) ? null : post.scheduled_at}
                mayAct={mayAct}
                isOpenAtFirst={isAlone}
              />
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}

/** It can still be had otherwise: nothing of it has begun. */
function isScheduled(post: PostSummary): post is PostSummary & { scheduled_at: string } {
  return (
    Boolean(post.scheduled_at) && post.publications.every(({ state }) => state === "scheduled")
  );
}

/** Where a draft is meant to go. Marks alone tell channels of different platforms from each other. */
function DraftChannels({ post }: { post: PostSummary }) {
  const channels = useQuery(channelsQuery(post.business_id));
  const meant = channels.data?.filter(({ id }) => post.channel_ids.includes(id)) ?? [];
  if (!meant.length) return null;
  const areAlike = new Set(meant.map(({ platform }) => platform)).size < meant.length;
  return (
    <span className="flex min-w-0 flex-wrap items-center gap-x-1.5">
      <span>
        <span className="max-sm:hidden">· </span>for
      </span>
      {meant.slice(0, areAlike ? MOST_NAMED : meant.length).map((channel) => (
        <span key={channel.id} className="flex min-w-0 items-center gap-1">
          <ChannelMark
            platform={channel.platform}
            title={`${channel.name}, ${placeTitle(channel)}`}
            className="size-4"
          />
          {areAlike && (
            <span aria-hidden className="max-w-40 truncate">
              {channel.name}
            </span>
          )}
        </span>
      ))}
      {areAlike && meant.length > MOST_NAMED && (
        <span>and {plural(meant.length - MOST_NAMED, "other", "others")}</span>
      )}
    </span>
  );
}

const MOST_NAMED = 3;
