import { AlignLeft } from "lucide-react";
import { cn } from "@/components/ui/cn";
import { Thumbnail } from "@/components/ui/Thumbnail";
import type { PostSummary } from "@/lib/api/types";

/** The first image of a post; a quiet sheet of text where there is none. */
export function PostThumbnail({ post, className }: { post: PostSummary; className?: string }) {
  const image = post.images[0];
  if (image) {
    return (
      <Thumbnail
        src={image.thumbnail_url}
        thumbhash={image.thumbhash}
        alt={image.alt_text}
        className={cn("shrink-0", className)}
      />
    );
  }
  return (
    <span
      aria-hidden
      className={cn(
        "flex aspect-square shrink-0 items-center justify-center rounded-tile bg-sunken text-ink-3",
        className,
      )}
    >
      <AlignLeft className="size-4" />
    </span>
  );
}
