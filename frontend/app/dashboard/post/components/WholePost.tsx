import { useQuery } from "@tanstack/react-query";
import { Card } from "@/components/ui/surface";
import { Thumbnail } from "@/components/ui/Thumbnail";
import { channelsQuery } from "@/lib/api/channels";
import type { Post } from "@/lib/api/types";

/** Everything that belongs to a post besides how it went: its words, its images, its first comment. */
export function WholePost({ post }: { post: Post }) {
  const channels = useQuery(channelsQuery(post.business_id));
  const nameOf = (channelId: number) =>
    channels.data?.find(({ id }) => id === channelId)?.name ??
    post.publications.find((it) => it.channel_id === channelId)?.channel_name ??
    "a channel";
  const parts = [
    { title: post.texts.length ? "Text" : null, words: post.content_text },
    ...post.texts.map((text) => ({
      title: `Text for ${nameOf(text.channel_id)}`,
      words: text.content_text,
    })),
    { title: "First comment", words: post.first_comment ?? "" },
  ].filter(({ words }) => words.trim());
  if (parts.length === 0 && post.images.length === 0) return null;
  return (
    <Card title="What it says" titleId="post-content">
      <div className="flex flex-col gap-5 pt-2">
        {parts.map(({ title, words }) => (
          <div key={title}>
            {title && <h3 className="font-semibold text-small">{title}</h3>}
            <p className="max-w-prose whitespace-pre-wrap [overflow-wrap:anywhere]">{words}</p>
          </div>
        ))}
        {post.images.length > 0 && (
          <ul
            aria-label="Images of the post"
            className="grid grid-cols-2 gap-x-2.5 gap-y-4 sm:grid-cols-4"
          >
            {post.images.map((image) => (
              <li key={image.image_id} className="min-w-0">
                <Thumbnail
                  src={image.thumbnail_url}
                  thumbhash={image.thumbhash}
                  alt=""
                  className="w-full"
                />
                <p className="mt-1.5 text-ink-2 text-small [overflow-wrap:anywhere]">
                  {image.alt_text || <span className="text-ink-3">No alt text</span>}
                </p>
              </li>
            ))}
          </ul>
        )}
      </div>
    </Card>
  );
}
