import { useQueries } from "@tanstack/react-query";
import { useState } from "react";
import { ConfirmDialog } from "@/components/ui/Dialog";
import { Skeleton } from "@/components/ui/feedback";
import { imageQuery } from "@/lib/api/images";
import type { Image, ImageDetail } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { plural } from "@/lib/format";
import { shortened } from "./RefusalList";

interface DeleteDialogProps {
  /** Null closes it. */
  images: readonly Image[] | null;
  onClose: () => void;
  onConfirm: (images: readonly Image[]) => void;
}

/** Used images that are looked up, and posts that are named; the others are counted. */
const LOOKED_UP = 12;
const NAMED = 5;

/** Asks once before images go that published posts show, and names the posts. */
export function DeleteDialog({ images, onClose, onConfirm }: DeleteDialogProps) {
  // The words stay while the dialog fades away.
  const [shown, setShown] = useState<readonly Image[]>(images ?? []);
  if (images && images !== shown) setShown(images);
  const used = shown.filter(({ usage_count }) => usage_count > 0);
  const [only] = shown;
  const isOne = shown.length === 1 && only !== undefined;
  return (
    <ConfirmDialog
      isOpen={images !== null}
      onClose={onClose}
      onConfirm={() => onConfirm(shown)}
      title={
        isOne ? `Delete ${only.original_filename}?` : `Delete ${plural(shown.length, "image")}?`
      }
      confirmLabel={
        isOne ? "Move to the trash" : `Move ${plural(shown.length, "image")} to the trash`
      }
    >
      <p>
        {isOne
          ? "Published posts show this image. They keep their picture on the platforms."
          : `Published posts show ${used.length === shown.length ? "them" : used.length === 1 ? "one of them" : `${used.length} of them`}. They keep their pictures on the platforms.`}
      </p>
      {images && <PublishedPosts images={used} />}
    </ConfirmDialog>
  );
}

function PublishedPosts({ images }: { images: readonly Image[] }) {
  const business = useBusiness();
  const answers = useQueries({
    queries: images.slice(0, LOOKED_UP).map(({ id }) => imageQuery(business.id, id)),
  });
  if (answers.some(({ isPending, isError }) => isPending && !isError)) {
    return (
      <div role="status" className="mt-3 flex flex-col gap-2">
        <span className="sr-only">Looking for the posts</span>
        <Skeleton className="h-4 w-3/4" />
        <Skeleton className="h-4 w-1/2" />
      </div>
    );
  }
  const posts = new Map<number, ImageDetail["posts"][number]>();
  for (const { data } of answers) {
    for (const post of data?.posts ?? []) {
      if (post.state === "published") posts.set(post.id, post);
    }
  }
  if (posts.size === 0) return null;
  const list = [...posts.values()];
  return (
    <ul aria-label="Published posts" className="mt-3 flex flex-col gap-1 text-ink">
      {list.slice(0, NAMED).map((post) => (
        <li key={post.id} className="flex gap-2">
          <span aria-hidden className="text-ink-3">
            ·
          </span>
          <span className="min-w-0">
            {post.content_text ? `“${shortened(post.content_text, 60)}”` : "A post without text"}
          </span>
        </li>
      ))}
      {list.length > NAMED && (
        <li className="pl-3.5 text-ink-2">and {plural(list.length - NAMED, "other", "others")}</li>
      )}
    </ul>
  );
}
