import { Link } from "@tanstack/react-router";
import { shortened } from "@/components/images/RefusalList";
import { Notice } from "@/components/ui/feedback";
import { ApiError } from "@/lib/api/client";

/** Why a channel stays: the posts that are still to go out on it, each leading to where that is changed. */
export function PostsInTheWay({ error }: { error: Error }) {
  const posts = namedIn(error);
  return (
    <Notice tone="bad" isAlert className="mt-2" fact="It is still connected.">
      {error.message}{" "}
      {posts.map(({ id, text }, index) => (
        <span key={id}>
          {index > 0 && ", "}
          <Link
            to="/dashboard/posts/$postId"
            params={{ postId: id }}
            className="font-medium underline underline-offset-3"
          >
            {text ? `“${shortened(text)}”` : "A post without text"}
          </Link>
        </span>
      ))}
    </Notice>
  );
}

function namedIn(error: Error): { id: number; text: string }[] {
  const posts = error instanceof ApiError ? error.problem.posts : undefined;
  if (!Array.isArray(posts)) return [];
  return posts.map((post: { id?: unknown; content_text?: unknown }) => ({
    id: Number(post.id),
    text: String(post.content_text ?? ""),
  }));
}
