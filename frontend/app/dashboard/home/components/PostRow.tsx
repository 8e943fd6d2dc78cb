import type { ReactNode } from "react";
import { PostThumbnail } from "@/components/posts/PostThumbnail";
import type { PostSummary } from "@/lib/api/types";

interface PostRowProps {
  post: PostSummary;
  /** Under the text: when, where, why. */
  note: ReactNode;
  /** At the end of the row; under the text on a phone. */
  badge?: ReactNode;
  aside?: ReactNode;
}

/** What a row of posts shows; the link or button around it says what pressing does. */
export function PostRow({ post, note, badge, aside }: PostRowProps) {
  return (
    <>
      <PostThumbnail post={post} className="size-11" />
      <span className="min-w-0 flex-1">
        <span className="block truncate font-medium">
          {post.content_text || <span className="font-normal text-ink-3">No text yet</span>}
        </span>
        <span className="line-clamp-2 text-ink-3 text-small">{note}</span>
        {badge && <span className="mt-1.5 block sm:hidden">{badge}</span>}
      </span>
      {badge && <span className="max-sm:hidden">{badge}</span>}
      {aside}
    </>
  );
}

export const ROW =
  "flex w-full items-start gap-3 sm:items-center px-5 py-2.5 text-left transition-colors duration-150 hover:bg-ink/3 focus-visible:-outline-offset-2 motion-reduce:transition-none";

/** The shape of rows that come. */
export function RowSkeletons({ count }: { count: number }) {
  return Array.from({ length: count }, (_, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: shapes without identity
    <div key={index} className="flex items-center gap-3 px-5 py-2.5">
      <span className="breathe size-11 rounded-tile bg-line/80" />
      <span className="flex flex-1 flex-col gap-2">
        <span className="breathe h-3 w-3/5 rounded-full bg-line/80" />
        <span className="breathe h-3 w-1/4 rounded-full bg-line/80" />
      </span>
    </div>
  ));
}
