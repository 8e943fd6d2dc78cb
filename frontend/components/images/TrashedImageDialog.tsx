import { useState } from "react";
import { Button } from "@/components/ui/Button";
import { Dialog } from "@/components/ui/Dialog";
import { Notice } from "@/components/ui/feedback";
import { Moment } from "@/components/ui/Moment";
import { Thumbnail } from "@/components/ui/Thumbnail";
import { toast } from "@/components/ui/Toast";
import { useRemoveImage, useRestoreImages } from "@/lib/api/images";
import type { Image } from "@/lib/api/types";
import { useBusiness, useMayWrite, useTrashDays } from "@/lib/business";
import { daysLeft, goneWords } from "./imageWords";

interface TrashedImageDialogProps {
  /** Null closes it. */
  image: Image | null;
  onClose: () => void;
}

/** An image in the trash: back to the library, or gone for good. */
export function TrashedImageDialog({ image, onClose }: TrashedImageDialogProps) {
  // The picture stays while the dialog fades away.
  const [shown, setShown] = useState<Image | null>(image);
  if (image && image !== shown) setShown(image);
  return (
    <Dialog
      isOpen={image !== null}
      onClose={onClose}
      title={shown ? shown.original_filename : ""}
      size="sm"
      isFlush
    >
      {shown && <Choice key={shown.id} image={shown} onClose={onClose} />}
    </Dialog>
  );
}

function Choice({ image, onClose }: { image: Image; onClose: () => void }) {
  const business = useBusiness();
  const mayWrite = useMayWrite();
  const restoring = useRestoreImages(business.id);
  const trashDays = useTrashDays();
  const removal = useRemoveImage(business.id);
  const [isSure, setSure] = useState(false);
  const error = restoring.error ?? removal.error;
  return (
    <div className="flex flex-col gap-4 p-5">
      <div className="flex gap-4">
        <Thumbnail
          src={image.thumbnail_url}
          thumbhash={image.thumbhash}
          alt={image.alt_text}
          className="size-24 shrink-0"
        />
        <div className="text-ink-2">
          {image.deleted_at && (
            <p>
              Deleted <Moment at={image.deleted_at} timezone={business.timezone} />.{" "}
              {goneWords(daysLeft(image.deleted_at, trashDays))}.
            </p>
          )}
          <p className="mt-1">
            {!mayWrite
              ? "Editors and owners can bring it back."
              : isSure
                ? "Once deleted for good, it cannot be brought back."
                : "Restored, it is back in its place in the library."}
          </p>
        </div>
      </div>
      {error && (
        <Notice tone="bad" isAlert fact={restoring.error ? "Not restored." : "Not deleted."}>
          {error.message}
        </Notice>
      )}
      <div className="flex justify-end gap-2">
        {!mayWrite ? (
          <Button onClick={onClose}>Close</Button>
        ) : isSure ? (
          <>
            <Button onClick={() => setSure(false)}>Keep it</Button>
            <Button
              variant="danger"
              isBusy={removal.isPending}
              onClick={() => removal.mutate(image, { onSuccess: onClose })}
            >
              Delete for good
            </Button>
          </>
        ) : (
          <>
            <Button variant="ghost" onClick={() => setSure(true)}>
              Delete for good
            </Button>
            <Button
              variant="primary"
              isBusy={restoring.isPending}
              onClick={() =>
                restoring.mutate([image.id], {
                  onSuccess: () => {
                    onClose();
                    toast({ title: "Back in the library", description: image.original_filename });
                  },
                })
              }
            >
              Restore
            </Button>
          </>
        )}
      </div>
    </div>
  );
}
