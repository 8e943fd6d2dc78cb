import { ApiError } from "@/lib/api/client";
import { renamed } from "./fit";
import { readPicture, unturned } from "./picture";
import type { ResizeAnswer, ResizeOrder } from "./resize.worker";

export interface ResizeLimits {
  maxBytes: number;
  minSide: number;
  maxSide: number;
}

/**
 * The same picture within the limits, upright and under the same name; its ending follows the format.
 * The work is done in a worker that is gone afterwards, with all its memory. Throws ApiError with the
 * reason where it cannot be done.
 */
export async function resizeToFit(
  file: File,
  limits: ResizeLimits,
  signal: AbortSignal,
): Promise<File> {
  const picture = await readPicture(file);
  if (!picture) throw cannotFit(PROBLEMS.unreadable);
  const order: ResizeOrder = {
    file: unturned(file, picture),
    mimeType: `image/${picture.format}`,
    hasAlpha: picture.hasAlpha,
    orientation: picture.exif ? picture.orientation : 1,
    ...limits,
  };
  const answer = await inWorker(order, signal);
  if ("problem" in answer) throw cannotFit(PROBLEMS[answer.problem]);
  const { blob, type } = answer;
  return new File([blob], renamed(file.name, type), { type, lastModified: file.lastModified });
}

const PROBLEMS: Record<Extract<ResizeAnswer, { problem: string }>["problem"], string> = {
  unreadable:
    "This browser could not open the picture. Save it as a JPEG with another program and use that.",
  transparent:
    "This picture is still too large when it is resized, because it is transparent. Save it as a JPEG, or with fewer pixels.",
  stubborn: "This picture is still too large when it is resized. Save it with fewer pixels.",
};

function cannotFit(detail: string): ApiError {
  return new ApiError({ status: 413, code: "cannot_fit", detail });
}

function inWorker(order: ResizeOrder, signal: AbortSignal): Promise<ResizeAnswer> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./resize.worker.ts", import.meta.url), { type: "module" });
    const end = (run: () => void) => {
      worker.terminate();
      signal.removeEventListener("abort", onAbort);
      run();
    };
    const onAbort = () => end(() => reject(signal.reason));
    worker.onmessage = ({ data }: MessageEvent<ResizeAnswer>) => end(() => resolve(data));
    // Out of memory, or the worker could not be loaded.
    worker.onerror = () => end(() => resolve({ problem: "unreadable" }));
    signal.addEventListener("abort", onAbort);
    worker.postMessage(order);
    if (signal.aborted) onAbort();
  });
}
