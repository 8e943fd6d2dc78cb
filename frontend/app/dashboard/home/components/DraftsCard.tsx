import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import { useComposer } from "@/components/publish/useComposer";
import { ErrorState, Loading } from "@/components/ui/feedback";
import { Moment } from "@/components/ui/Moment";
import { Card } from "@/components/ui/surface";
import { postsInStateQuery } from "@/lib/api/posts";
import { useBusiness, useMayWrite } from "@/lib/business";
import { PostRow, ROW, RowSkeletons } from "./PostRow";

const SHOWN = 4;

/** What is being written. Pressing one goes on with it. */
export function DraftsCard() {
  const business = useBusiness();
  const composer = useComposer();
  const mayWrite = useMayWrite();
  const query = useQuery(postsInStateQuery(business.id, "draft", SHOWN));
  return (
    <Card
      title="Drafts"
      titleId="drafts"
      isFlush
      aside={
        query.data?.next_cursor ? (
          <Link to="/dashboard/posts" search={{ state: "draft" }} className="link text-small">
            All drafts
          </Link>
        ) : undefined
      }
    >
      {query.isError ? (
        <ErrorState
          title="Your drafts could not be loaded"
          onRetry={() => query.refetch()}
          isRetrying={query.isFetching}
          isCompact
          className="px-5 pt-1.5 pb-5"
        >
          {query.error.message} Nothing is lost.
        </ErrorState>
      ) : query.isPending ? (
        <Loading label="Loading drafts">
          <div className="pb-2">
            <RowSkeletons count={2} />
          </div>
        </Loading>
      ) : query.data.posts.length === 0 ? (
        <p className="px-5 pb-5 text-ink-2">
          No drafts.{" "}
          {mayWrite && (
            <>
              <button type="button" className="link" onClick={() => composer.openNew()}>
                Start a post
              </button>{" "}
              and save it for later.
            </>
          )}
        </p>
      ) : (
        <ul className="pb-2">
          {query.data.posts.map((post) => (
            <li key={post.id}>
              <button type="button" className={ROW} onClick={() => composer.openDraft(post.id)}>
                <PostRow
                  post={post}
                  note={
                    <>
                      Edited <Moment at={post.updated_at} timezone={business.timezone} />
                    </>
                  }
                  aside={<ChevronRight aria-hidden className="size-4 shrink-0 text-ink-3" />}
                />
              </button>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
