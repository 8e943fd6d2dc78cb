import type { Upload } from "./upload";

/** How far a whole batch is. */
export interface UploadSummary {
  total: number;
  done: number;
  /** Of those that are done, the ones that the library had already. */
  duplicates: number;
  failed: number;
  /** Of those that failed, the ones that would be taken once they are resized. */
  resizable: number;
  /** Of those that failed, the ones that may be sent again as they are. */
  retryable: number;
  /** Waiting, on the way, being checked or resized. */
  active: number;
  /** Nothing is going on because the server cannot be reached. */
  isAway: boolean;
  /** 0 to 1 over the bytes of all files; a failed file counts as settled. */
  progress: number;
}

export function summarize(uploads: readonly Upload[]): UploadSummary {
  const count = (is: (upload: Upload) => boolean) => uploads.filter(is).length;
  const done = count(({ state }) => state === "done");
  const failed = count(({ state }) => state === "failed");
  const isMoving = uploads.some(({ state }) => MOVING.has(state));
  let bytes = 0;
  let settled = 0;
  for (const { state, file, sent } of uploads) {
    // An empty file weighs something too, or a batch of them would never move.
    const weight = Math.max(file.size, 1);
    bytes += weight;
    // The last twentieth is the server's check: a bar that is full means that it is over.
    settled += weight * (state === "done" || state === "failed" ? 1 : sent * 0.95);
  }
  return {
    total: uploads.length,
    done,
    duplicates: count(({ isDuplicate }) => isDuplicate),
    failed,
    resizable: count(({ mayResize }) => mayResize),
    retryable: count(({ mayRetry }) => mayRetry),
    active: uploads.length - done - failed,
    isAway: !isMoving && uploads.some(({ state, error }) => state === "waiting" && isLost(error)),
    progress: bytes ? settled / bytes : 0,
  };
}

const MOVING: ReadonlySet<Upload["state"]> = new Set(["sending", "checking", "resizing"]);

function isLost(error: Upload["error"]): boolean {
  return error?.isNetwork ?? false;
}
