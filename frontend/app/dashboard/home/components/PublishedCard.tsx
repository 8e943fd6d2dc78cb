import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Send } from "lucide-react";
import { ChannelMark } from "@/components/channels/ChannelMark";
import { placeTitle } from "@/components/channels/placeName";
import { PostThumbnail } from "@/components/posts/PostThumbnail";
import { useComposer } from "@/components/publish/useComposer";
import { Button } from "@/components/ui/Button";
import { EmptyState, ErrorState, Loading, Skeleton } from "@/components/ui/feedback";
import { Moment } from "@/components/ui/Moment";
import { Card } from "@/components/ui/surface";
import { postsInStateQuery } from "@/lib/api/posts";
import type { PostSummary, Publication } from "@/lib/api/types";
import { useBusiness, useMayWrite } from "@/lib/business";

export const PUBLISHED_SHOWN = 4;
const GRID = "grid grid-cols-2 gap-x-2.5 gap-y-4 sm:grid-cols-4";

/** The last posts that went out, as pictures. */
export function PublishedCard() {
  const business = useBusiness();
  const composer = useComposer();
  const mayWrite = useMayWrite();
  const query = useQuery(postsInStateQuery(business.id, "published", PUBLISHED_SHOWN));
  return (
    <Card
      title="Last published"
      titleId="last-published"
      aside={
        query.data?.posts.length ? (
          <Link to="/dashboard/posts" search={{ state: "published" }} className="link text-small">
            All published
          </Link>
        ) : undefined
      }
    >
      {query.isError ? (
        <ErrorState
          title="Your published posts could not be loaded"
          onRetry={() => query.refetch()}
          isRetrying={query.isFetching}
          isCompact
          className="pt-1.5"
        >
          {query.error.message} Nothing is lost.
        </ErrorState>
      ) : query.isPending ? (
        <Loading label="Loading published posts">
          <div className={`${GRID} pt-2`}>
            {["a", "b", "c", "d"].map((key) => (
              <Skeleton key={key} className="aspect-square" />
            ))}
          </div>
        </Loading>
      ) : query.data.posts.length === 0 ? (
        <EmptyState
          icon={Send}
          title="Nothing published yet"
          action={mayWrite && <Button onClick={() => composer.openNew()}>Write a post</Button>}
          className="py-8"
        >
          What you publish appears here, with a link to where it can be seen.
        </EmptyState>
      ) : (
        <ul className={`${GRID} pt-2`}>
          {query.data.posts.map((post) => (
            <PublishedTile key={post.id} post={post} timezone={business.timezone} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function PublishedTile({ post, timezone }: { post: PostSummary; timezone: string }) {
  const sent = post.publications.filter((publication) => publication.state === "published");
  const last = sent
    .map((publication) => publication.published_at ?? publication.updated_at)
    .sort()
    .at(-1);
  return (
    <li className="min-w-0">
      <Link
        to="/dashboard/posts/$postId"
        params={{ postId: post.id }}
        className="group block rounded-tile"
      >
        <PostThumbnail post={post} className="w-full" />
        <span className="mt-2 block truncate font-medium text-small group-hover:underline group-hover:underline-offset-3">
          {post.content_text || "Without text"}
        </span>
      </Link>
      <div className="mt-0.5 flex items-center gap-2 text-caption text-ink-3">
        <span className="min-w-0 flex-1 truncate">
          {last && <Moment at={last} timezone={timezone} isSentence />}
        </span>
        {sent.map((publication) => (
          <SentMark key={publication.id} publication={publication} />
        ))}
      </div>
    </li>
  );
}

/** Where it went; a link to the very post where the platform gave one. */
function SentMark({ publication }: { publication: Publication }) {
  const { platform, permalink, is_practice } = publication;
  const name = placeTitle({ platform, is_practice });
  if (!permalink) return <ChannelMark platform={platform} className="size-4" title={name} />;
  return (
    <a
      href={permalink}
      target="_blank"
      rel="noreferrer"
      title={`See it on ${name}`}
      className="-m-1 rounded-full p-1"
    >
      <ChannelMark platform={platform} className="size-4" title={`See it on ${name}`} />
    </a>
  );
}
