import type { BulkRefusal } from "@/lib/api/types";
import { plural } from "@/lib/format";

/** Names shown one by one; the others are counted. */
const SHOWN = 4;

interface RefusalListProps {
  refused: readonly BulkRefusal[];
  /** The names of the images, by their ids. */
  names: ReadonlyMap<number, string>;
  /** Leads to the posts that need them. */
  onPosts: () => void;
}

/** Which images stay where they are, and which scheduled posts need them. */
export function RefusalList({ refused, names, onPosts }: RefusalListProps) {
  const [first] = refused;
  const hasPosts = refused.some(({ posts }) => posts.length > 0);
  const isOne = refused.length === 1 && names.size === 1;
  return (
    <>
      {isOne ? (
        <span className="block">{first?.detail}</span>
      ) : (
        <span className="block">
          {refused.length === 1
            ? `One image stays${hasPosts ? ": a scheduled post needs it" : ""}.`
            : `${plural(refused.length, "image")} stay${hasPosts ? ": scheduled posts need them" : ""}.`}
        </span>
      )}
      <span className="mt-1 block">
        {refused.slice(0, SHOWN).map(({ image_id, detail, posts }) => (
          <span key={image_id} className="block">
            {!isOne && <span className="text-ink">{names.get(image_id) ?? "An image"}</span>}
            {posts.length > 0 ? (
              <>
                {!isOne && ", in "}
                {posts.map((post, index) => (
                  <span key={post.id}>
                    {index > 0 && ", "}
                    <button type="button" className="link text-left" onClick={onPosts}>
                      {post.content_text
                        ? `“${shortened(post.content_text)}”`
                        : "a post without text"}
                    </button>
                  </span>
                ))}
              </>
            ) : (
              !isOne && `: ${detail}`
            )}
          </span>
        ))}
        {refused.length > SHOWN && (
          <span className="block">and {plural(refused.length - SHOWN, "other", "others")}</span>
        )}
      </span>
    </>
  );
}

/** A post's text as a name for it. */
export function shortened(text: string, length = 40): string {
  const letters = Array.from(text.replace(/\s+/g, " ").trim());
  return letters.length <= length
    ? letters.join("")
    : `${letters.slice(0, length).join("").trimEnd()}…`;
}
