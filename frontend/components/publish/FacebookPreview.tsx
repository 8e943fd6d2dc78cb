import { Ellipsis, Forward, Globe, MessageSquare, ThumbsUp } from "lucide-react";
import { cn } from "@/components/ui/cn";
import { Avatar } from "@/components/ui/surface";
import { Caption } from "./Caption";
import { FirstComment, type PlatformPreviewProps } from "./InstagramPreview";
import { PhotoGrid } from "./PhotoGrid";
import { SentPicture } from "./SentPicture";

/** A post as a Facebook Page shows it. */
export function FacebookPreview({
  name,
  text,
  slides,
  index,
  onIndex,
  comment,
  isPhone,
}: PlatformPreviewProps) {
  return (
    <article
      aria-label="As it looks on Facebook"
      className={cn(
        "overflow-hidden border border-line bg-surface",
        isPhone ? "rounded-[1.75rem] pt-2" : "rounded-card",
      )}
    >
      <header className="flex items-center gap-2.5 px-4 pt-3 pb-2.5">
        <Avatar name={name} className="size-9" />
        <span className="min-w-0 flex-1">
          <span className="block truncate font-semibold leading-4.5">{name}</span>
          <span className="flex items-center gap-1 text-caption text-ink-3">
            Just now · <Globe aria-hidden className="size-3" />
            <span className="sr-only">public</span>
          </span>
        </span>
        <Ellipsis aria-hidden className="size-4 text-ink-2" />
      </header>
      <div className="px-4 pb-3">
        {text.trim() ? (
          <Caption text={text} maxCharacters={400} maxLines={5} moreLabel="See more" />
        ) : (
          <p className="text-ink-3 text-small">Your text will stand here.</p>
        )}
      </div>
      {slides.length > 1 ? (
        <PhotoGrid slides={slides} index={index} onIndex={onIndex} />
      ) : (
        <SentPicture slides={slides} index={index} onIndex={onIndex} />
      )}
      <div
        aria-hidden
        className="grid grid-cols-3 border-line border-t px-2 py-2 font-medium text-ink-3 text-small [&>span]:flex [&>span]:items-center [&>span]:justify-center [&>span]:gap-1.5"
      >
        <span>
          <ThumbsUp className="size-4" /> Like
        </span>
        <span>
          <MessageSquare className="size-4" /> Comment
        </span>
        <span>
          <Forward className="size-4" /> Share
        </span>
      </div>
      {comment && (
        <div className="border-line border-t px-4 pb-3">
          <FirstComment name={name} comment={comment} />
        </div>
      )}
    </article>
  );
}
