import type { Upload } from "./queue";

/** How far a whole batch is. */
export interface UploadSummary {
  total: number;
  done: number;
  failed: number;
  /** Waiting, on the way or being checked. */
  active: number;
  /** 0 to 1 over the bytes of all files; a failed file counts as settled. */
  progress: number;
}

export function summarize(uploads: readonly Upload[]): UploadSummary {
  let done = 0;
  let failed = 0;
  let bytes = 0;
  let settled = 0;
  for (const { state, file, sent } of uploads) {
    // An empty file weighs something too, or a batch of them would never move.
    const weight = Math.max(file.size, 1);
    if (state === "done") done += 1;
    if (state === "failed") failed += 1;
    bytes += weight;
    // The last twentieth is the server's check: a bar that is full means that it is over.
    settled += weight * (state === "done" || state === "failed" ? 1 : sent * 0.95);
  }
  return {
    total: uploads.length,
    done,
    failed,
    active: uploads.length - done - failed,
    progress: bytes ? settled / bytes : 0,
  };
}
