/**
 * Sends files to the library, three at a time, and tells whoever listens how far each one is.
 *
 *     waiting ──▶ sending ──▶ checking ──▶ done
 *        ▲           │            │
 *        └─ no answer, or not now ┘ ──▶ failed
 *
 * `checking` begins when the last byte has left: the server decodes the picture before it answers.
 * Where no answer came, or the server asked for patience, the file waits a little and is sent again
 * under the same idempotency key, so that it never arrives twice. A file that was refused is not
 * sent again: it would be refused again. Cancelling takes a file off the list at once.
 */
import { ApiError, apiUrl, errorFromBody, networkError, newIdempotencyKey } from "@/lib/api/client";
import type { Image, ImageUploaded } from "@/lib/api/types";
import { formatMebibytes } from "@/lib/format";

export type UploadState = "waiting" | "sending" | "checking" | "done" | "failed";

export interface Upload {
  readonly id: number;
  readonly file: File;
  readonly state: UploadState;
  /** The part of the bytes that has left, 0 to 1. */
  readonly sent: number;
  /** Set when done. */
  readonly image: Image | null;
  /** The library had these very bytes already. */
  readonly isDuplicate: boolean;
  /** Why it failed; while waiting, why it was interrupted. */
  readonly error: ApiError | null;
  /** Another try could end differently. */
  readonly mayRetry: boolean;
}

export interface UploadQueueOptions {
  businessId: number;
  /** The largest file that the server takes. One that is larger is refused without sending it. */
  maxBytes?: number;
  /** Files on the way at once. */
  parallel?: number;
  /** Milliseconds before each further try after no answer; their number is the number of tries. */
  pauses?: readonly number[];
  /** Milliseconds without any movement after which a try counts as unanswered. */
  patience?: number;
  /** Where files go; the API of this page when left out. */
  address?: string;
}

interface Job {
  shown: Upload;
  key: string;
  tries: number;
  request: XMLHttpRequest | undefined;
  pause: ReturnType<typeof setTimeout> | undefined;
}

/** The answers after which the same file may get another one. */
function isPassing(error: ApiError): boolean {
  return (
    error.isNetwork ||
    error.status === 401 ||
    error.status === 408 ||
    error.status === 429 ||
    error.status >= 500 ||
    error.code === "in_progress"
  );
}

export class UploadQueue {
  /** Runs once for each file that arrived, with the images of later files that arrived before it. */
  onUploaded: ((answer: ImageUploaded, overtakenBy: readonly number[]) => void) | undefined;
  /** Runs for each file that will not be tried again by itself. */
  onFailed: ((error: ApiError) => void) | undefined;

  readonly #options: Required<UploadQueueOptions>;
  readonly #listeners = new Set<() => void>();
  #jobs: Job[] = [];
  #shown: readonly Upload[] = [];
  #nextId = 1;
  #maxBytes: number;

  constructor(options: UploadQueueOptions) {
    this.#options = {
      parallel: 3,
      pauses: [1_000, 3_000, 9_000],
      patience: 90_000,
      address: apiUrl("/images/upload"),
      maxBytes: Number.POSITIVE_INFINITY,
      ...options,
    };
    this.#maxBytes = this.#options.maxBytes;
  }

  /** Calls `listener` after every change; returns how to stop that. */
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The files in the order they came. The same array until something changes. */
  getUploads = (): readonly Upload[] => this.#shown;

  /** Takes files in. When nothing was going on, what arrived earlier leaves the list. */
  add(files: Iterable<File>): void {
    if (!this.#jobs.some(isActive)) this.#jobs = this.#jobs.filter(({ shown }) => !shown.image);
    for (const file of files) {
      this.#jobs.push({
        shown: {
          id: this.#nextId++,
          file,
          state: "waiting",
          sent: 0,
          image: null,
          isDuplicate: false,
          error: null,
          mayRetry: false,
        },
        key: newIdempotencyKey(),
        tries: 0,
        request: undefined,
        pause: undefined,
      });
    }
    this.#proceed();
  }

  /** Stops a file wherever it is and takes it off the list. */
  cancel(id: number): void {
    const job = this.#jobs.find(({ shown }) => shown.id === id);
    if (!job) return;
    this.#jobs = this.#jobs.filter((other) => other !== job);
    this.#stop(job);
    this.#proceed();
  }

  /** Stops everything that is still going on; what arrived or failed stays on the list. */
  cancelAll(): void {
    const active = this.#jobs.filter(isActive);
    this.#jobs = this.#jobs.filter((job) => !isActive(job));
    for (const job of active) this.#stop(job);
    this.#tell();
  }

  /** Sends a failed file again. */
  retry(id: number): void {
    const job = this.#jobs.find(({ shown }) => shown.id === id);
    if (job?.shown.state !== "failed") return;
    job.tries = 0;
    this.#change(job, { state: "waiting", sent: 0, error: null, mayRetry: false });
    this.#proceed();
  }

  /** Sends again at once what waits for the connection. */
  hurry(): void {
    for (const job of this.#jobs) {
      if (job.pause === undefined) continue;
      clearTimeout(job.pause);
      job.pause = undefined;
    }
    this.#proceed();
  }

  /** Takes off the list what has arrived or failed. */
  clear(): void {
    this.#jobs = this.#jobs.filter(isActive);
    this.#tell();
  }

  /** Stops everything and empties the list; for leaving the page. */
  abandon(): void {
    const jobs = this.#jobs;
    this.#jobs = [];
    for (const job of jobs) this.#stop(job);
    this.#tell();
  }

  #stop(job: Job): void {
    clearTimeout(job.pause);
    job.pause = undefined;
    const { request } = job;
    job.request = undefined;
    request?.abort();
  }

  #proceed(): void {
    let free = this.#options.parallel - this.#jobs.filter(({ request }) => request).length;
    for (const job of this.#jobs) {
      if (free <= 0) break;
      if (job.shown.state !== "waiting" || job.pause !== undefined) continue;
      if (job.shown.file.size > this.#maxBytes) {
        this.#fail(job, tooLarge(this.#maxBytes));
        continue;
      }
      this.#send(job);
      free -= 1;
    }
    this.#tell();
  }

  #send(job: Job): void {
    const { businessId, address, patience } = this.#options;
    const request = new XMLHttpRequest();
    job.request = request;
    job.tries += 1;
    this.#change(job, { state: "sending", sent: 0, error: null });

    let watch: ReturnType<typeof setTimeout> | undefined;
    const moved = () => {
      clearTimeout(watch);
      watch = setTimeout(() => request.abort(), patience);
    };
    const isMine = () => job.request === request;

    request.upload.onprogress = ({ loaded, total, lengthComputable }) => {
      moved();
      if (isMine() && lengthComputable && total > 0) {
        this.#change(job, { sent: Math.min(1, loaded / total) });
        this.#tell();
      }
    };
    request.upload.onload = () => {
      moved();
      if (!isMine()) return;
      this.#change(job, { state: "checking", sent: 1 });
      this.#tell();
    };
    // Runs last, whatever happened: an answer, none, or an abort by the watch above.
    request.onloadend = () => {
      clearTimeout(watch);
      if (!isMine()) return;
      job.request = undefined;
      this.#settle(job, request);
      this.#proceed();
    };

    const form = new FormData();
    form.set("business_id", String(businessId));
    form.set("file", job.shown.file, job.shown.file.name || "untitled");
    request.open("POST", address);
    request.setRequestHeader("accept", "application/json");
    request.setRequestHeader("idempotency-key", job.key);
    moved();
    request.send(form);
  }

  #settle(job: Job, request: XMLHttpRequest): void {
    const body = readJson(request.responseText);
    if (isUploaded(request.status, body)) {
      this.#change(job, {
        state: "done",
        sent: 1,
        image: body.image,
        isDuplicate: body.duplicate,
      });
      this.onUploaded?.(body, this.#arrivedAfter(job));
      return;
    }
    const error =
      request.status === 0
        ? networkError()
        : errorFromBody(request.status, body, {
            get: (name) => request.getResponseHeader(name),
          });
    // The server has been set to another limit since the page was loaded.
    if (error.code === "file_too_large" && Number(error.problem.limit) > 0) {
      this.#maxBytes = Number(error.problem.limit);
    }
    const pause = this.#options.pauses[job.tries - 1];
    if (isPassing(error) && error.status !== 401 && pause !== undefined) {
      this.#change(job, { state: "waiting", sent: 0, error });
      job.pause = setTimeout(
        () => {
          job.pause = undefined;
          this.#proceed();
        },
        Math.max(pause, (error.retryAfter ?? 0) * 1_000),
      );
    } else {
      this.#fail(job, error);
    }
  }

  #arrivedAfter(job: Job): number[] {
    const later = this.#jobs.slice(this.#jobs.indexOf(job) + 1);
    return later.flatMap(({ shown }) => (shown.image ? [shown.image.id] : []));
  }

  #fail(job: Job, error: ApiError): void {
    this.#change(job, { state: "failed", sent: 0, error, mayRetry: isPassing(error) });
    this.onFailed?.(error);
  }

  #change(job: Job, change: Partial<Upload>): void {
    job.shown = { ...job.shown, ...change };
  }

  #tell(): void {
    this.#shown = this.#jobs.map(({ shown }) => shown);
    for (const listener of this.#listeners) listener();
  }
}

/** The server's refusal, word for word. */
function tooLarge(limit: number): ApiError {
  return new ApiError({
    status: 413,
    code: "file_too_large",
    detail: `The file is larger than ${formatMebibytes(limit)}. Make it smaller and send it again.`,
    problem: { limit },
  });
}

function isActive({ shown }: Job): boolean {
  return shown.state !== "done" && shown.state !== "failed";
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isUploaded(status: number, body: unknown): body is ImageUploaded {
  return (status === 200 || status === 201) && typeof body === "object" && body !== null;
}
