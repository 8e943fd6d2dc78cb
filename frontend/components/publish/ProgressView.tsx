import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { CalendarClock, Check } from "lucide-react";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { placeName } from "@/components/channels/placeName";
import { PostThumbnail } from "@/components/posts/PostThumbnail";
import { PublicationRow } from "@/components/posts/PublicationRow";
import { Button } from "@/components/ui/Button";
import { Notice } from "@/components/ui/feedback";
import { Moment } from "@/components/ui/Moment";
import { postQuery, showPost, showUses } from "@/lib/api/posts";
import type { Post } from "@/lib/api/types";
import { useBusiness, useMayWrite } from "@/lib/business";
import { plural } from "@/lib/format";
import { ModalFooter } from "./Panes";
import { hasSettled, listed, nextLookIn } from "./progress";
import { stopWatching, watchPost } from "./watchPost";

interface ProgressViewProps {
  /** The post as it was when it was sent. */
  post: Post;
  onTitle: (title: string) => void;
  onClose: () => void;
  onAnother: () => void;
}

/** How a post goes out, channel by channel, or when. Leaving does not stop it. */
export function ProgressView({ post: sent, onTitle, onClose, onAnother }: ProgressViewProps) {
  const business = useBusiness();
  const mayWrite = useMayWrite();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const [begin, setBegin] = useState(() => Date.now());
  const { data: post = sent, error } = useQuery({
    ...postQuery(business.id, sent.id),
    initialData: sent,
    refetchInterval: ({ state }) => nextLookIn(state.data, Date.now() - begin),
    refetchIntervalInBackground: true,
  });
  const isSettled = hasSettled(post);
  const isWaiting = isScheduled(post);
  const title = isWaiting
    ? "Scheduled"
    : isSettled
      ? endTitle(post)
      : isHeldBack(post)
        ? "Waiting"
        : "Publishing";
  useEffect(() => onTitle(title), [title, onTitle]);

  const settled = useEffectEvent(() => {
    showPost(queryClient, post);
    showUses(queryClient, business.id);
  });
  useEffect(() => {
    if (isSettled) settled();
  }, [isSettled]);

  // What is still on its way when this is closed is watched from outside.
  const goOn = useEffectEvent(() => {
    if (hasSettled(post)) return;
    watchPost(queryClient, post, () => seePost());
  });
  useEffect(() => {
    stopWatching(sent.id);
    return () => goOn();
  }, [sent.id]);

  const seePost = () =>
    void navigate({ to: "/dashboard/posts/$postId", params: { postId: sent.id } });
  const closeRef = useRef<HTMLButtonElement>(null);
  useEffect(() => closeRef.current?.focus(), []);

  return (
    <>
      <div className="flex min-h-0 flex-1 flex-col items-center overflow-y-auto overscroll-contain px-5 py-8 md:h-[min(42rem,calc(92dvh-7.5rem))] md:flex-none md:shrink md:py-12">
        <div className="flex w-full max-w-160 flex-col gap-6">
          <Headline post={post} isSettled={isSettled} timezone={business.timezone} />
          <ul className="divide-y divide-line rounded-card border border-line">
            {post.publications.map((publication) => (
              <li key={publication.id} className="p-4">
                <PublicationRow
                  publication={publication}
                  timezone={business.timezone}
                  scheduledAt={post.scheduled_at}
                  isFollowed
                  mayAct={mayWrite}
                  onStep={() => setBegin(Date.now())}
                />
              </li>
            ))}
          </ul>
          {error && (
            <Notice tone="warn" fact="AIGrowth does not answer just now.">
              Publishing goes on without this page. We look again in a moment.
            </Notice>
          )}
        </div>
      </div>
      <ModalFooter>
        {!isSettled && (
          <p className="text-ink-3 text-small max-sm:w-full">
            You can close this. Publishing goes on, and you are told how it ends.
          </p>
        )}
        {isSettled && (
          <Button onClick={seePost} className="ml-auto">
            See the post
          </Button>
        )}
        {isSettled && mayWrite && <Button onClick={onAnother}>New post</Button>}
        <Button
          ref={closeRef}
          variant={isSettled ? "primary" : "secondary"}
          onClick={onClose}
          className={isSettled ? undefined : "ml-auto"}
        >
          {isSettled ? "Done" : "Close"}
        </Button>
      </ModalFooter>
    </>
  );
}

function endTitle(post: Post): string {
  const states = new Set(post.publications.map(({ state }) => state));
  if (isAllOut(post)) return "Published";
  if (states.has("failed")) return states.size > 1 ? "Not everything went out" : "Not published";
  return "Needs a look";
}

/** It waits for its time on all of its channels. */
function isScheduled(post: Post): boolean {
  const { publications } = post;
  return publications.length > 0 && publications.every(({ state }) => state === "scheduled");
}

/** What is still to go out is kept back for now. */
function isHeldBack(post: Post): boolean {
  const open = post.publications.filter(({ state }) => state === "publishing");
  return open.length > 0 && open.every(({ held_until }) => held_until !== null);
}

function isAllOut(post: Post): boolean {
  return post.publications.every(({ state }) => state === "published");
}

/** What it came to so far, in a sentence that is spoken as it changes. */
function Headline({
  post,
  isSettled,
  timezone,
}: {
  post: Post;
  isSettled: boolean;
  timezone: string;
}) {
  const isOut = isSettled && isAllOut(post);
  const isWaiting = isScheduled(post);
  return (
    <div className="flex flex-col items-center gap-5 text-center">
      <span className="relative shrink-0">
        <PostThumbnail post={post} className="size-28 rounded-card" />
        {isWaiting && (
          <span className="-right-3 -bottom-3 absolute flex size-9 items-center justify-center rounded-full border-4 border-surface bg-accent-soft text-accent">
            <CalendarClock aria-hidden className="size-4.5" strokeWidth={2.25} />
          </span>
        )}
        {isOut && (
          <span className="-right-3 -bottom-3 absolute flex size-9 items-center justify-center rounded-full border-4 border-surface bg-ok-soft text-ok">
            <Check aria-hidden className="size-4.5" strokeWidth={3} />
          </span>
        )}
      </span>
      <div className="min-w-0">
        <p role="status" className="text-balance font-[650] text-title tracking-[-0.02em]">
          {isWaiting ? (
            <>
              Your post goes out{" "}
              <Moment at={post.scheduled_at ?? post.updated_at} timezone={timezone} />.
            </>
          ) : (
            headline(post, isSettled)
          )}
        </p>
        {post.content_text && (
          <p className="mt-1 line-clamp-2 text-balance text-ink-2 [overflow-wrap:anywhere]">
            {post.content_text}
          </p>
        )}
      </div>
    </div>
  );
}

function headline(post: Post, isSettled: boolean): string {
  const places = (state: string) =>
    listed(post.publications.filter((it) => it.state === state).map(placeName));
  if (!isSettled) {
    const [only] = post.publications;
    if (isHeldBack(post)) {
      return `Waiting to go out to ${listed(post.publications.filter(({ held_until }) => held_until).map(placeName))}`;
    }
    return only && post.publications.length === 1
      ? `Publishing to ${placeName(only)}`
      : `Publishing to ${plural(post.publications.length, "channel")}`;
  }
  const out = places("published");
  const failed = places("failed");
  const unclear = places("unconfirmed");
  if (out && !failed && !unclear) return `Your post is on ${out}.`;
  return [
    out && `It is on ${out}.`,
    failed && `It did not go out to ${failed}.`,
    unclear && `It is not clear yet whether it is on ${unclear}.`,
  ]
    .filter(Boolean)
    .join(" ");
}
