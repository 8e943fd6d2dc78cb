/** Queues as the product uses them: with its limits, and with what the browser can do. */
import { ApiError, networkError } from "@/lib/api/client";
import { setActivity } from "./activity";
import type { UploadLimits } from "./check";
import type { DirectWay } from "./direct";
import { reachesProduct } from "./probe";
import { UploadQueue } from "./queue";
import type { OtherWay, UploadQueueOptions } from "./upload";

/** What may be known only later, or change. */
export function productOptions(
  limits: UploadLimits,
  otherWay?: OtherWay,
): Pick<UploadQueueOptions, "maxBytes" | "check" | "resize" | "otherWay"> {
  return {
    // Loaded with the first file. Without it a file is sent, and the server says what it is.
    check: async (file) => (await import("./check")).checkFile(file, limits),
    resize: async (file, signal) => {
      try {
        const { resizeToFit } = await import("./resizer");
        return await resizeToFit(file, limits, signal);
      } catch (error) {
        // What resizes is loaded when it is first wanted, and that needs a connection.
        throw error instanceof ApiError ? error : networkError();
      }
    },
    otherWay,
  };
}

export function productQueue(businessId: number): UploadQueue {
  return new UploadQueue({ businessId, probe: reachesProduct });
}

/** Stops when the browser says that it is offline, and goes on when it is not. Returns how to end that. */
export function followConnection(queue: UploadQueue): () => void {
  const hurry = () => queue.hurry();
  const doubt = () => queue.doubt();
  window.addEventListener("online", hurry);
  window.addEventListener("offline", doubt);
  return () => {
    window.removeEventListener("online", hurry);
    window.removeEventListener("offline", doubt);
  };
}

const directWays = new Map<number, Promise<DirectWay>>();

/** The way straight into the store, shared by all queues: what failed for one of them fails for all. */
export function directWay(businessId: number): OtherWay {
  return {
    deliver: async (file, key, watch) => {
      const way = directWays.get(businessId) ?? openWay(businessId);
      directWays.set(businessId, way);
      try {
        return await (await way).deliver(file, key, watch);
      } catch {
        // It could not be loaded, or the file could not be read: the plain way says what is wrong.
        directWays.delete(businessId);
        return null;
      }
    },
  };
}

async function openWay(businessId: number): Promise<DirectWay> {
  const { DirectWay } = await import("./direct");
  return new DirectWay({ businessId, probe: reachesProduct });
}

const libraries = new Map<string, UploadQueue>();

/**
 * The uploads into one library by one person. They live as long as the page is loaded, wherever the
 * person goes in it.
 */
export function libraryQueue(userId: number, businessId: number): UploadQueue {
  const key = `${userId}:${businessId}`;
  const known = libraries.get(key);
  if (known) return known;
  const queue = productQueue(businessId);
  libraries.set(key, queue);
  followConnection(queue);
  queue.subscribe(() => {
    const uploads = queue.getUploads();
    const isBusy = uploads.some(({ state }) => state !== "done" && state !== "failed");
    setActivity(queue, uploads.length > 0, isBusy);
  });
  return queue;
}
