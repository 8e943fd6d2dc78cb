import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { HoldNotice } from "@/components/frame/HoldNotice";
import { PageHeader } from "@/components/frame/PageHeader";
import { isOnItsWay } from "@/components/publish/progress";
import { ButtonLink } from "@/components/ui/Button";
import { EmptyState, ErrorState, Loading, Notice, Skeleton } from "@/components/ui/feedback";
import { ApiError } from "@/lib/api/client";
import { isLookedUpNow, postQuery, untilDue } from "@/lib/api/posts";
import { useBusiness } from "@/lib/business";
import { PostCard } from "../posts/components/PostCard";
import { WholePost } from "./components/WholePost";

/** One post with all that happened to it, under an address of its own. */
export default function PostPage() {
  const { timezone } = useBusiness();
  return (
    <>
      <PageHeader title="Post" fact={`Times in ${timezone.replaceAll("_", " ")}`} />
      <div className="page-padding flex max-w-250 flex-col gap-4 pt-1 pb-8">
        <Link
          to="/dashboard/posts"
          className="link inline-flex min-h-6 items-center gap-1.5 self-start text-small"
        >
          <ArrowLeft aria-hidden className="size-4" />
          All posts
        </Link>
        <HoldNotice />
        <Found />
      </div>
    </>
  );
}

function Found() {
  const business = useBusiness();
  const { postId } = useParams({ from: "/dashboard/posts/$postId" });
  const query = useQuery({
    ...postQuery(business.id, postId),
    enabled: postId > 0,
    refetchInterval: ({ state }) => {
      const moving = state.data?.publications.filter(isOnItsWay) ?? [];
      if (moving.length === 0) return state.data ? untilDue([state.data]) : false;
      const isSoon = moving.some(
        (it) => (it.state === "publishing" && !it.held_until) || isLookedUpNow(it),
      );
      return isSoon ? 1_500 : 10_000;
    },
  });
  const isGone = postId === 0 || (query.error instanceof ApiError && query.error.status === 404);
  // A post of another business has no place under this one's name.
  if (isGone || (query.data && query.data.business_id !== business.id)) return <NotHere />;
  if (!query.data) {
    return query.isError ? (
      <ErrorState
        title="This post could not be loaded"
        onRetry={() => query.refetch()}
        isRetrying={query.isFetching}
      >
        {query.error.message} Nothing is lost.
      </ErrorState>
    ) : (
      <Loading label="Loading the post">
        <Skeleton className="h-72" />
      </Loading>
    );
  }
  return (
    <>
      {query.isError && (
        <Notice tone="warn" fact="This may be a little old.">
          {query.error.message}
        </Notice>
      )}
      <PostCard post={query.data} isAlone />
      <WholePost post={query.data} />
    </>
  );
}

function NotHere() {
  return (
    <EmptyState
      title="This post is not here"
      action={<ButtonLink to="/dashboard/posts">See all posts</ButtonLink>}
      className="rounded-card border border-line border-dashed py-16"
    >
      It was taken off the list, or it belongs to another business. What is published stays where it
      is.
    </EmptyState>
  );
}
