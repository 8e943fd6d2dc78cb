import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { PostStateBadge } from "@/components/posts/PostStateBadge";
import { ErrorState, Loading } from "@/components/ui/feedback";
import { Moment } from "@/components/ui/Moment";
import { Card } from "@/components/ui/surface";
import { goingOutQuery } from "@/lib/api/posts";
import type { PostSummary } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { PostRow, ROW, RowSkeletons } from "./PostRow";

const STATES = ["unconfirmed", "failed", "publishing", "scheduled"] as const;
type OpenState = (typeof STATES)[number];

function isOpen(post: PostSummary): post is PostSummary & { state: OpenState } {
  return (STATES as readonly string[]).includes(post.state);
}

/** What needs a person comes first; of what is scheduled, what is in danger. */
function urgency(post: PostSummary & { state: OpenState }): number {
  const isInDanger =
    post.state === "scheduled" && post.publications.some((publication) => publication.error);
  return STATES.indexOf(post.state) - (isInDanger ? 0.5 : 0);
}

const MOST_TROUBLED = 3;

function needsPerson({ state }: PostSummary): boolean {
  return state === "unconfirmed" || state === "failed";
}

/** When a scheduled post goes out; nothing else has a place in time. */
function dueAt({ scheduled_at }: PostSummary): number {
  return scheduled_at ? Date.parse(scheduled_at) : 0;
}

/** What is on its way, and before it what needs a person; what goes out later by its time. */
export function GoingOutCard() {
  const { id, timezone } = useBusiness();
  const query = useQuery(goingOutQuery(id));
  const all = (query.data ?? [])
    .filter(isOpen)
    .sort((a, b) => urgency(a) - urgency(b) || dueAt(a) - dueAt(b));
  // What goes out next stays in sight however much needs a person.
  const troubled = all.filter(needsPerson).slice(0, MOST_TROUBLED);
  const open = [...troubled, ...all.filter((post) => !needsPerson(post))].slice(0, 5);
  return (
    <Card title="Going out" titleId="going-out" isFlush>
      {query.isError ? (
        <ErrorState
          title="Your posts could not be loaded"
          onRetry={() => query.refetch()}
          isRetrying={query.isFetching}
          isCompact
          className="px-5 pt-1.5 pb-5"
        >
          {query.error.message} Nothing is lost.
        </ErrorState>
      ) : query.isPending ? (
        <Loading label="Loading posts">
          <div className="pb-2">
            <RowSkeletons count={1} />
          </div>
        </Loading>
      ) : open.length === 0 ? (
        <p className="px-5 pb-5 text-ink-2">Nothing is on its way right now.</p>
      ) : (
        <ul className="pb-2">
          {open.map((post) => (
            <li key={post.id}>
              <Link to="/dashboard/posts/$postId" params={{ postId: post.id }} className={ROW}>
                <PostRow
                  post={post}
                  note={<OpenNote post={post} timezone={timezone} />}
                  badge={
                    <PostStateBadge
                      state={post.state}
                      isHeld={post.state === "publishing" && isHeld(post)}
                    />
                  }
                />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

/** Nothing of it moves for now. */
function isHeld({ publications }: PostSummary): boolean {
  const moving = publications.filter(({ state }) => state === "publishing");
  return moving.length > 0 && moving.every(({ held_until }) => held_until);
}

function OpenNote({ post, timezone }: { post: PostSummary; timezone: string }) {
  const trouble = post.publications.find((publication) => publication.error);
  if ((post.state === "failed" || post.state === "unconfirmed") && trouble?.error) {
    return trouble.error.detail;
  }
  if (post.state === "scheduled" && post.scheduled_at) {
    return (
      <>
        <Moment at={post.scheduled_at} timezone={timezone} isSentence />
        {trouble?.error && <span className="text-warn"> · {trouble.error.detail}</span>}
      </>
    );
  }
  return post.publications.map((publication) => publication.channel_name).join(", ");
}
