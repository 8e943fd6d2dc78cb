import { Link } from "@tanstack/react-router";
import { ExternalLink } from "lucide-react";
import { useId } from "react";
import { placeName } from "@/components/channels/placeName";
import { PostStateBadge } from "@/components/posts/PostStateBadge";
import { useComposer } from "@/components/publish/useComposer";
import type { PostState, PostUse } from "@/lib/api/types";
import { plural } from "@/lib/format";

interface WhereUsedProps {
  posts: readonly PostUse[];
  /** How often it was published: one post on two channels is two. */
  usageCount: number;
}

/** Every post with an image, each a way to it, and to what is published. */
export function WhereUsed({ posts, usageCount }: WhereUsedProps) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="flex flex-col gap-1">
      <h3 id={id} className="font-semibold text-small">
        {posts.length ? `Used in ${plural(posts.length, "post")}` : "In no post yet"}
        {usageCount > posts.length && (
          <span className="font-normal text-ink-2">, published {usageCount}×</span>
        )}
      </h3>
      {posts.length > 0 && (
        <ul aria-label="Posts with this image" className="-mx-2 flex flex-col">
          {posts.map((post) => (
            <li key={post.id}>
              <Use post={post} />
              {post.permalinks.map(({ channel_id, channel_name, permalink, ...place }) => (
                <a
                  key={channel_id}
                  href={permalink}
                  target="_blank"
                  rel="noreferrer"
                  title={channel_name}
                  className="link flex min-h-7 items-center gap-1.5 px-2 text-small"
                >
                  <span className="truncate">See it on {placeName(place)}</span>
                  <ExternalLink aria-hidden className="size-3.5 shrink-0" />
                </a>
              ))}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Use({ post }: { post: PostUse }) {
  const composer = useComposer();
  const look =
    "flex min-h-8 w-full items-center gap-3 rounded-control px-2 py-1.5 text-left text-small hover:bg-sunken";
  const words = (
    <>
      <span className="min-w-0 flex-1 truncate">{post.content_text || "No text yet"}</span>
      <PostStateBadge state={post.state as PostState} />
    </>
  );
  if (post.state === "draft") {
    return (
      <button type="button" className={look} onClick={() => composer.openDraft(post.id)}>
        {words}
      </button>
    );
  }
  return (
    <Link to="/dashboard/posts/$postId" params={{ postId: post.id }} className={look}>
      {words}
    </Link>
  );
}
