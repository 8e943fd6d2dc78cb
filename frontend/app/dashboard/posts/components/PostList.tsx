import { useInfiniteQuery } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { Plus, Send } from "lucide-react";
import { useEffect, useEffectEvent, useRef } from "react";
import { useComposer } from "@/components/publish/useComposer";
import { Button } from "@/components/ui/Button";
import { EmptyState, ErrorState, Loading, Notice, Skeleton } from "@/components/ui/feedback";
import { postListQuery } from "@/lib/api/posts";
import type { PostState } from "@/lib/api/types";
import { useBusiness, useMayWrite } from "@/lib/business";
import { PostCard } from "./PostCard";

/** The posts in the chosen state, newest first; what moves is followed as it moves. */
export function PostList() {
  const business = useBusiness();
  const { state } = useSearch({ from: "/dashboard/posts" });
  const query = useInfiniteQuery(postListQuery(business.id, state));
  const end = useReachedEnd(() => {
    if (query.hasNextPage && !query.isFetchingNextPage && !query.isFetchNextPageError) {
      void query.fetchNextPage();
    }
  });

  if (query.isPending) return <Shape />;
  if (!query.data) {
    return (
      <ErrorState
        title="Your posts could not be loaded"
        onRetry={() => query.refetch()}
        isRetrying={query.isFetching}
      >
        {query.error.message} Nothing is lost.
      </ErrorState>
    );
  }
  const posts = query.data.pages.flatMap((page) => page.posts);
  if (posts.length === 0) return <Nothing state={state} />;
  return (
    <>
      {query.isError && !query.isFetchNextPageError && (
        <Notice tone="warn" fact="This list may be a little old.">
          {query.error.message}
        </Notice>
      )}
      <ul aria-label="Posts" className="flex flex-col gap-3">
        {posts.map((post) => (
          <li key={post.id}>
            <PostCard post={post} />
          </li>
        ))}
      </ul>
      {query.hasNextPage && (
        <div ref={end} className="flex flex-col items-center gap-2 py-2">
          {query.isFetchNextPageError && (
            <p role="alert" className="text-bad text-small">
              {query.error?.message}
            </p>
          )}
          <Button onClick={() => query.fetchNextPage()} isBusy={query.isFetchingNextPage}>
            {state === "scheduled" ? "Show later posts" : "Show older posts"}
          </Button>
        </div>
      )}
    </>
  );
}

/** Runs when the end of a list comes near the view. */
function useReachedEnd(onReached: () => void) {
  const ref = useRef<HTMLDivElement>(null);
  const reached = useEffectEvent(onReached);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) reached();
      },
      { rootMargin: "600px" },
    );
    observer.observe(element);
    return () => observer.disconnect();
  });
  return ref;
}

const NOTHING: Partial<Record<PostState, { title: string; words: string }>> = {
  draft: { title: "No drafts", words: "A post that you save for later is kept here." },
  scheduled: { title: "Nothing is scheduled", words: "Posts that go out later wait here." },
  publishing: { title: "Nothing is on its way", words: "What is being sent shows up here." },
  published: {
    title: "Nothing published yet",
    words: "What went out stands here, with its links.",
  },
  failed: { title: "Nothing failed", words: "What did not go out stands here, with the reason." },
  unconfirmed: {
    title: "Nothing needs a look",
    words: "Posts stand here when a platform does not say whether they went out.",
  },
};

/** Lists that are best empty: writing a post is no answer to them. */
const ASKS_NOTHING: ReadonlySet<PostState> = new Set(["publishing", "failed", "unconfirmed"]);

function Nothing({ state }: { state: PostState | undefined }) {
  const composer = useComposer();
  const mayWrite = useMayWrite();
  const words = state && NOTHING[state];
  return (
    <EmptyState
      icon={Send}
      title={words?.title ?? "No posts yet"}
      action={
        mayWrite &&
        !(state && ASKS_NOTHING.has(state)) && (
          <Button icon={Plus} onClick={() => composer.openNew()}>
            Write a post
          </Button>
        )
      }
      className="rounded-card border border-line border-dashed py-16"
    >
      {words?.words ??
        (mayWrite
          ? "Write one, see what will be sent, and follow here how it goes out."
          : "What others write stands here, with how it goes out.")}
    </EmptyState>
  );
}

function Shape() {
  return (
    <Loading label="Loading posts">
      <div className="flex flex-col gap-3">
        {["a", "b", "c", "d"].map((key) => (
          <div key={key} className="rounded-card border border-line bg-surface p-4">
            <div className="flex gap-4">
              <Skeleton className="size-16 rounded-tile" />
              <div className="flex flex-1 flex-col gap-2 pt-1">
                <Skeleton className="h-3.5 w-3/5" />
                <Skeleton className="h-3.5 w-2/5" />
              </div>
            </div>
            <Skeleton className="mt-4 h-7" />
          </div>
        ))}
      </div>
    </Loading>
  );
}
