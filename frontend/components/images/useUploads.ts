import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useMemo, useSyncExternalStore } from "react";
import { imagesKey, showNewImage } from "@/lib/api/images";
import { sessionQuery } from "@/lib/api/session";
import type { Image, ImageUploaded } from "@/lib/api/types";
import { useBusiness, useSession } from "@/lib/business";
import { type Upload, UploadQueue } from "@/lib/upload/queue";
import { summarize, type UploadSummary } from "@/lib/upload/summary";

export interface Uploads {
  uploads: readonly Upload[];
  summary: UploadSummary;
  add: (files: Iterable<File>) => void;
  cancel: (id: number) => void;
  cancelAll: () => void;
  retry: (id: number) => void;
  /** Takes what has arrived or failed off the list. */
  clear: () => void;
}

/**
 * Uploads into the library of the business in view. They end with the component that holds them.
 * Each image shows in the library at once; `onUploaded` runs for each in the order they
 * arrive, and is told which images of files chosen later have arrived before it.
 */
export function useUploads({
  onUploaded,
}: {
  onUploaded?:
    | ((image: Image, isDuplicate: boolean, overtakenBy: readonly number[]) => void)
    | undefined;
} = {}): Uploads {
  const business = useBusiness();
  const queryClient = useQueryClient();

  const arrived = useEffectEvent(
    ({ image, duplicate }: ImageUploaded, overtakenBy: readonly number[]) => {
      // A duplicate is already somewhere in the lists, or has just come back from the trash.
      if (duplicate) void queryClient.invalidateQueries({ queryKey: imagesKey(business.id) });
      else showNewImage(queryClient, business.id, image);
      onUploaded?.(image, duplicate ?? false, overtakenBy);
    },
  );

  const maxBytes = useSession().limits.max_upload_bytes;
  const queue = useMemo(
    () => new UploadQueue({ businessId: business.id, maxBytes }),
    [business.id, maxBytes],
  );
  useEffect(() => {
    const hurry = () => queue.hurry();
    window.addEventListener("online", hurry);
    queue.onUploaded = (answer, overtakenBy) => arrived(answer, overtakenBy);
    queue.onFailed = ({ status }) => {
      // The session has ended: asking who is signed in leads to the sign-in page.
      if (status === 401) void queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey });
    };
    return () => {
      window.removeEventListener("online", hurry);
      queue.abandon();
    };
  }, [queue, queryClient]);

  const uploads = useSyncExternalStore(queue.subscribe, queue.getUploads);
  return useMemo(
    () => ({
      uploads,
      summary: summarize(uploads),
      add: (files) => queue.add(files),
      cancel: (id) => queue.cancel(id),
      cancelAll: () => queue.cancelAll(),
      retry: (id) => queue.retry(id),
      clear: () => queue.clear(),
    }),
    [uploads, queue],
  );
}
