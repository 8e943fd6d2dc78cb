import { Bookmark, Ellipsis, Heart, MessageCircle, Send } from "lucide-react";
import { cn } from "@/components/ui/cn";
import { Avatar } from "@/components/ui/surface";
import { Caption } from "./Caption";
import { SentPicture } from "./SentPicture";
import type { Slide } from "./slides";

export interface PlatformPreviewProps {
  name: string;
  text: string;
  slides: readonly Slide[];
  index: number;
  onIndex: (index: number) => void;
  /** Some image was made with AI, and the platform is told so. */
  isAi: boolean;
  /** Written under the post once it is out; empty where there is none. */
  comment: string;
  /** As on a phone: edge to edge, turned by swiping. */
  isPhone: boolean;
}

/** A post as Instagram's feed shows it. */
export function InstagramPreview({
  name,
  text,
  slides,
  index,
  onIndex,
  isAi,
  comment,
  isPhone,
}: PlatformPreviewProps) {
  return (
    <article
      aria-label="As it looks on Instagram"
      className={cn(
        "overflow-hidden border border-line bg-surface",
        isPhone ? "rounded-[1.75rem] pt-2" : "rounded-small",
      )}
    >
      <header className="flex items-center gap-2.5 px-3 py-2.5">
        <span className="rounded-full bg-[linear-gradient(45deg,var(--instagram-1),var(--instagram-2),var(--instagram-3))] p-0.5">
          <Avatar name={name} className="size-7 border-2 border-surface" />
        </span>
        <span className="min-w-0 flex-1">
          <span className="block truncate font-semibold text-small leading-4">{name}</span>
          {isAi && <span className="block text-caption text-ink-3">AI info</span>}
        </span>
        <Ellipsis aria-hidden className="size-4 text-ink-2" />
      </header>
      <SentPicture
        slides={slides}
        index={index}
        onIndex={onIndex}
        empty={
          <div className="flex aspect-square items-center justify-center bg-sunken px-8 text-center text-ink-3">
            Your image will stand here, as the very file that is sent.
          </div>
        }
      />
      <div className="px-3 pt-2.5 pb-3">
        <div aria-hidden className="relative mb-2 flex items-center gap-3.5">
          <Heart className="size-5.5" strokeWidth={1.75} />
          <MessageCircle className="size-5.5 -scale-x-100" strokeWidth={1.75} />
          <Send className="size-5" strokeWidth={1.75} />
          {slides.length > 1 && (
            <span className="absolute inset-x-0 flex justify-center gap-1">
              {slides.map(({ image }, place) => (
                <span
                  key={image.imageId}
                  className={cn(
                    "size-1.5 rounded-full",
                    place === index ? "bg-accent" : "bg-line-strong",
                  )}
                />
              ))}
            </span>
          )}
          <Bookmark className="ml-auto size-5.5" strokeWidth={1.75} />
        </div>
        {text.trim() ? (
          <Caption
            text={text}
            lead={<span className="font-semibold">{name} </span>}
            maxCharacters={Math.max(48, 92 - name.length)}
            maxLines={2}
            moreLabel="more"
          />
        ) : (
          <p className="text-ink-3 text-small">
            <span className="font-semibold text-ink">{name}</span> Your text will stand here.
          </p>
        )}
        {comment && <FirstComment name={name} comment={comment} />}
      </div>
    </article>
  );
}

/** The account's own comment, as it stands under the post. */
export function FirstComment({ name, comment }: { name: string; comment: string }) {
  return (
    <div className="mt-2 text-ink-2">
      <Caption
        text={comment}
        lead={<span className="font-semibold text-ink">{name} </span>}
        maxCharacters={120}
        maxLines={2}
        moreLabel="more"
      />
    </div>
  );
}
