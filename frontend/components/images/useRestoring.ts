import { toast } from "@/components/ui/Toast";
import { useRestoreImages } from "@/lib/api/images";
import type { Image } from "@/lib/api/types";
import { useBusiness } from "@/lib/business";
import { plural } from "@/lib/format";

/** Brings images back from the trash, and tells how many came. */
export function useRestoring(): (images: readonly Image[]) => void {
  const business = useBusiness();
  const restoring = useRestoreImages(business.id);
  return (images) =>
    restoring.mutate(
      images.map(({ id }) => id),
      {
        onSuccess: ({ restored, refused }) => {
          const [only] = images;
          toast({
            title:
              restored.length === 1 && images.length === 1
                ? "Back in the library"
                : `${plural(restored.length, "image")} back in the library`,
            description:
              refused.length > 0
                ? `${plural(refused.length, "image")} could not be restored. ${refused[0]?.detail ?? ""}`
                : images.length === 1
                  ? only?.original_filename
                  : undefined,
            tone: refused.length > 0 ? "bad" : "ok",
          });
        },
        onError: (error) =>
          toast({
            title: "Not restored, still in the trash",
            description: error.message,
            tone: "bad",
          }),
      },
    );
}
