import { useQuery } from "@tanstack/react-query";
import { Card } from "@/components/ui/surface";
import { channelsQuery } from "@/lib/api/channels";
import type { Post } from "@/lib/api/types";
import { SentFiles } from "./SentFiles";

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
        {post.images.length > 0 && <SentFiles post={post} />}
      </div>
    </Card>
  );
}
