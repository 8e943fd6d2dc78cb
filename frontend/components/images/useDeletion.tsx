import { useNavigate } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { toast } from "@/components/ui/Toast";
import { useDeleteImages, useRestoreImages } from "@/lib/api/images";
import type { Image } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { plural } from "@/lib/format";
import { RefusalList } from "./RefusalList";

const DeleteDialog = lazy(async () => ({ default: (await import("./DeleteDialog")).DeleteDialog }));

interface Deletion {
  /** Moves images to the trash; asks first where published posts show one of them. */
  remove: (images: readonly Image[]) => void;
  /** Must be somewhere on the page. */
  dialog: ReactNode;
}

/** Moves images to the trash and offers the way back. `onGone` runs at once. */
export function useDeletion(onGone: (imageIds: readonly number[]) => void): Deletion {
  const business = useBusiness();
  const deletion = useDeleteImages(business.id);
  const undo = useUndo();
  const navigate = useNavigate();
  const [asked, setAsked] = useState<readonly Image[] | null>(null);
  const [wasAsked, setWasAsked] = useState(false);

  const removeNow = (images: readonly Image[]) => {
    const ids = images.map(({ id }) => id);
    const names = new Map(images.map((image) => [image.id, image.original_filename]));
    onGone(ids);
    deletion
      .mutateAsync(ids)
      .then(({ deleted, refused }) => {
        const words = deletedWords(images, deleted);
        toast({
          title: words.title,
          description:
            refused.length > 0 ? (
              <RefusalList
                refused={refused}
                names={names}
                onPosts={() =>
                  void navigate({ to: "/dashboard/posts", search: { state: "scheduled" } })
                }
              />
            ) : (
              words.description
            ),
          tone: deleted.length > 0 ? "plain" : "bad",
          // What has to be read, and leads somewhere, stays until it is closed.
          ...(refused.length > 0 && { timeout: 0 }),
          ...(deleted.length > 0 && {
            action: { label: "Undo", onPress: () => undo(deleted) },
          }),
        });
      })
      .catch((error: Error) =>
        toast({ title: notDeleted(images), description: error.message, tone: "bad" }),
      );
  };

  return {
    remove: (images) => {
      if (!images.length) return;
      if (images.some(({ usage_count }) => usage_count > 0)) {
        setWasAsked(true);
        setAsked(images);
      } else {
        removeNow(images);
      }
    },
    dialog: wasAsked && (
      <Suspense fallback={null}>
        <DeleteDialog
          images={asked}
          onClose={() => setAsked(null)}
          onConfirm={(images) => {
            setAsked(null);
            removeNow(images);
          }}
        />
      </Suspense>
    ),
  };
}

/** Brings images back from the trash, and says so only when that did not work. */
function useUndo() {
  const business = useBusiness();
  const restoring = useRestoreImages(business.id);
  const undo = (imageIds: readonly number[]) =>
    restoring.mutate(imageIds, {
      onError: (error) =>
        toast({
          title: "Not restored, still in the trash",
          description: error.message,
          tone: "bad",
          action: { label: "Try again", onPress: () => undo(imageIds) },
        }),
    });
  return undo;
}

function deletedWords(images: readonly Image[], deleted: readonly number[]) {
  const [only] = images;
  if (deleted.length === 0) return { title: notDeleted(images) };
  if (images.length === 1 && only) {
    return {
      title: "Moved to the trash",
      description:
        only.usage_count > 0
          ? `${only.original_filename}. Published posts keep their picture.`
          : only.original_filename,
    };
  }
  return { title: `${plural(deleted.length, "image")} moved to the trash` };
}

function notDeleted(images: readonly Image[]): string {
  const [only] = images;
  return images.length === 1 && only
    ? `${only.original_filename} was not deleted`
    : `${plural(images.length, "image")} were not deleted`;
}
