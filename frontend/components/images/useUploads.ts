import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useMemo, useSyncExternalStore } from "react";
import { imagesKey, showNewImages } from "@/lib/api/images";
import { sessionQuery } from "@/lib/api/session";
import type { Image, ImageUploaded } from "@/lib/api/types";
import { uploadOptionsQuery } from "@/lib/api/uploads";
import { useBusiness, useSession } from "@/lib/business";
import {
  directWay,
  followConnection,
  libraryQueue,
  productOptions,
  productQueue,
} from "@/lib/upload/product";
import type { Upload, UploadQueue } from "@/lib/upload/queue";
import { summarize, type UploadSummary } from "@/lib/upload/summary";

/** What can be done with uploads. Stays the same as long as the business does. */
export interface UploadActions {
  add: (files: Iterable<File>) => void;
  cancel: (id: number) => void;
  cancelAll: () => void;
  retry: (id: number) => void;
  retryAll: () => void;
  resize: (id: number) => void;
  resizeAll: () => void;
  /** Goes on at once instead of waiting for the next look at the connection. */
  hurry: () => void;
  /** Takes what has arrived or failed off the list. */
  clear: () => void;
}

export interface Uploads extends UploadActions {
  uploads: readonly Upload[];
  summary: UploadSummary;
  actions: UploadActions;
}

type Arrival = (image: Image, isDuplicate: boolean, overtakenBy: readonly number[]) => void;

/**
 * Uploads into the library of the business in view. They end with the component that holds them.
 * Each image shows in the library at once; `onUploaded` runs for each in the order they
 * arrive, and is told which images of files chosen later have arrived before it.
 */
export function useUploads({ onUploaded }: { onUploaded?: Arrival | undefined } = {}): Uploads {
  const business = useBusiness();
  const queryClient = useQueryClient();
  const arrived = useEffectEvent((answer: ImageUploaded, overtakenBy: readonly number[]) => {
    onUploaded?.(answer.image, answer.duplicate, overtakenBy);
  });
  const queue = useMemo(() => productQueue(business.id), [business.id]);
  useEffect(() => {
    const show = showingArrivals(queryClient, business.id);
    queue.onUploaded = (answer, overtakenBy) => {
      show(answer);
      arrived(answer, overtakenBy);
    };
    queue.onFailed = noticingSignOut(queryClient);
    const stopFollowing = followConnection(queue);
    return () => {
      stopFollowing();
      queue.abandon();
    };
  }, [queue, queryClient, business.id]);
  return useQueue(queue);
}

/** Uploads into the library that go on wherever the person goes in the product. */
export function useLibraryUploads(): Uploads {
  const { user } = useSession();
  const business = useBusiness();
  const queryClient = useQueryClient();
  const queue = useMemo(() => {
    const found = libraryQueue(user.id, business.id);
    found.onUploaded ??= showingArrivals(queryClient, business.id);
    found.onFailed ??= noticingSignOut(queryClient);
    return found;
  }, [user.id, business.id, queryClient]);
  return useQueue(queue);
}

function useQueue(queue: UploadQueue): Uploads {
  useProductOptions(queue);
  const uploads = useSyncExternalStore(queue.subscribe, queue.getUploads);
  const actions = useMemo<UploadActions>(
    () => ({
      add: (files) => queue.add(files),
      cancel: (id) => queue.cancel(id),
      cancelAll: () => queue.cancelAll(),
      retry: (id) => queue.retry(id),
      retryAll: () => queue.retryAll(),
      resize: (id) => queue.resize(id),
      resizeAll: () => queue.resizeAll(),
      hurry: () => queue.hurry(),
      clear: () => queue.clear(),
    }),
    [queue],
  );
  return useMemo(
    () => ({ uploads, summary: summarize(uploads), actions, ...actions }),
    [uploads, actions],
  );
}

/** The server's limits, for queues that look at files before they send them. */
function useProductOptions(queue: UploadQueue): void {
  const business = useBusiness();
  const { limits } = useSession();
  const { data: options } = useQuery(uploadOptionsQuery(business.id));
  useEffect(() => {
    queue.change(
      productOptions(
        {
          maxBytes: options?.max_bytes ?? limits.max_upload_bytes,
          minSide: options?.min_side ?? limits.min_side,
          maxSide: options?.max_side ?? limits.max_side,
          mimeTypes: options?.mime_types,
        },
        options?.direct ? directWay(business.id) : undefined,
      ),
    );
  }, [queue, business.id, limits, options]);
}

/** Milliseconds in which arrivals are gathered: each makes the lists in view draw themselves again. */
const GATHER = 250;

function showingArrivals(queryClient: QueryClient, businessId: number) {
  let gathered: Image[] = [];
  let hasDuplicate = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const show = () => {
    timer = undefined;
    const images = gathered;
    gathered = [];
    if (images.length) showNewImages(queryClient, businessId, images);
    // A duplicate is already somewhere in the lists, or has just come back from the trash.
    if (hasDuplicate) void queryClient.invalidateQueries({ queryKey: imagesKey(businessId) });
    hasDuplicate = false;
  };
  return ({ image, duplicate }: ImageUploaded) => {
    if (duplicate) hasDuplicate = true;
    else gathered.push(image);
    if (timer === undefined) {
      // The first one is shown at once.
      show();
      timer = setTimeout(show, GATHER);
    }
  };
}

/** The session has ended: asking who is signed in leads to the sign-in page. */
function noticingSignOut(queryClient: QueryClient) {
  return ({ status }: { status: number }) => {
    if (status === 401) void queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey });
  };
}
