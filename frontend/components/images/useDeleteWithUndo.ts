import { toast } from "@/components/ui/Toast";
import { ApiError } from "@/lib/api/client";
import { useDeleteImage, useRestoreImage } from "@/lib/api/images";
import type { Image } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";

/** Moves an image to the trash and offers the way back. `onGone` runs at once. */
export function useDeleteWithUndo(onGone?: (image: Image) => void): (image: Image) => void {
  const business = useBusiness();
  const deletion = useDeleteImage(business.id);
  const restoring = useRestoreImage(business.id);

  const undo = (image: Image) =>
    restoring.mutate(image, {
      onError: (error) =>
        toast({
          title: "Not restored, still in the trash",
          description: error.message,
          tone: "bad",
          action: { label: "Try again", onPress: () => undo(image) },
        }),
    });

  return (image) => {
    onGone?.(image);
    deletion
      .mutateAsync(image)
      .then(() =>
        toast({
          title: "Moved to the trash",
          description:
            image.usage_count > 0
              ? `${image.original_filename}. Published posts keep their picture.`
              : image.original_filename,
          tone: "plain",
          action: { label: "Undo", onPress: () => undo(image) },
        }),
      )
      .catch((error: unknown) => {
        const posts = error instanceof ApiError ? namesOfPosts(error) : "";
        toast({
          title: `${image.original_filename} was not deleted`,
          description: `${error instanceof Error ? error.message : ""} ${posts}`.trim(),
          tone: "bad",
        });
      });
  };
}

/** The posts that need the image, as the server named them: “First light…”, “Winter hours…” */
function namesOfPosts({ problem }: ApiError): string {
  if (!Array.isArray(problem.posts)) return "";
  return problem.posts
    .map((post: { content_text?: string }) => post.content_text)
    .filter(Boolean)
    .map((text) => `“${text}”`)
    .join(", ");
}
