import { useQuery } from "@tanstack/react-query";
import { placeTitle } from "@/components/channels/placeName";
import { Thumbnail } from "@/components/ui/Thumbnail";
import { channelsQuery } from "@/lib/api/channels";
import { type CheckInput, postCheckQuery } from "@/lib/api/posts";
import type { Channel, ChannelCheck, Post } from "@/lib/api/types";
import { useMayWrite } from "@/lib/business";

/** The files of a post as each channel gets them; the images themselves, where none can be made. */
export function SentFiles({ post }: { post: Post }) {
  const mayWrite = useMayWrite();
  const channels = useQuery(channelsQuery(post.business_id));
  const chosen = (channels.data ?? []).filter(({ id }) => post.channel_ids.includes(id));
  const check = useQuery({
    ...postCheckQuery(post.business_id, asInput(post, chosen)),
    enabled: mayWrite && chosen.length > 0,
  });
  const made = check.data?.channels.filter(({ renditions }) => renditions.length > 0) ?? [];
  if (made.length === 0) return <Originals post={post} />;
  return made.map((found) => {
    const channel = chosen.find(({ id }) => id === found.channel_id);
    return channel && <OnChannel key={channel.id} channel={channel} found={found} post={post} />;
  });
}

const LIST = "grid grid-cols-2 items-start gap-x-2.5 gap-y-4 sm:grid-cols-4";

function OnChannel({
  channel,
  found,
  post,
}: {
  channel: Channel;
  found: ChannelCheck;
  post: Post;
}) {
  const isGone = post.publications.some(
    ({ channel_id, state }) => channel_id === channel.id && state === "published",
  );
  const title = `${isGone ? "Sent" : "To be sent"} to ${channel.name}, ${placeTitle(channel)}`;
  return (
    <div>
      <h3 className="mb-2 font-semibold text-small">{title}</h3>
      <ul aria-label={title} className={LIST}>
        {found.renditions.map(({ position, url, width, height, alt_text }) => (
          <li key={position} className="min-w-0">
            <a href={url} target="_blank" rel="noreferrer" className="block rounded-tile">
              <img
                src={url}
                width={width}
                height={height}
                alt={alt_text || `Image ${position + 1}`}
                loading="lazy"
                decoding="async"
                className="h-auto w-full rounded-tile bg-sunken inset-ring inset-ring-line"
              />
            </a>
            <AltText text={alt_text} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Originals({ post }: { post: Post }) {
  return (
    <ul aria-label="Images of the post" className={LIST}>
      {post.images.map((image) => (
        <li key={image.image_id} className="min-w-0">
          <Thumbnail
            src={image.thumbnail_url}
            thumbhash={image.thumbhash}
            alt=""
            className="w-full"
          />
          <AltText text={image.alt_text} />
        </li>
      ))}
    </ul>
  );
}

function AltText({ text }: { text: string }) {
  return (
    <p className="mt-1.5 text-ink-2 text-small [overflow-wrap:anywhere]">
      {text || <span className="text-ink-3">No alt text</span>}
    </p>
  );
}

function asInput(post: Post, chosen: readonly Channel[]): CheckInput {
  const ids = new Set(chosen.map(({ id }) => id));
  return {
    content_text: post.content_text,
    channel_ids: [...ids],
    images: post.images.map(({ image_id, alt_text, framing, focus, background, user_tags }) => ({
      image_id,
      alt_text,
      framing,
      focus,
      background,
      user_tags,
    })),
    texts: post.texts.filter(({ channel_id }) => ids.has(channel_id)),
    ai_label: post.ai_label,
    first_comment: post.first_comment,
  };
}
