/** What an upload is, to those who show it and to the queue. */
import { type ApiError, newIdempotencyKey } from "@/lib/api/client";
import type { Image, ImageUploaded } from "@/lib/api/types";
import type { Finding } from "./check";
import type { Answer, Watch } from "./transfer";

export type UploadState = "waiting" | "sending" | "checking" | "resizing" | "done" | "failed";

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
  /** It would be taken once it is resized, and that can be done here. */
  readonly mayResize: boolean;
  /** Why resizing is not offered, where one would expect it. */
  readonly note: string | null;
}

/** A way for a file to the server other than the plain one; null means that it did not work. */
export interface OtherWay {
  deliver: (file: File, key: string, watch: Watch) => Promise<Answer | null>;
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
  /** Says what would be refused, before anything is sent. */
  check?: ((file: File) => Promise<Finding | null>) | undefined;
  /** Makes a file fit; rejects with the reason, an ApiError. */
  resize?: ((file: File, signal: AbortSignal) => Promise<File>) | undefined;
  /** Whether the server can be reached. Without it every lost request counts as a try. */
  probe?: () => Promise<boolean>;
  /** Milliseconds between looks for a lost server; the last one is repeated. */
  looks?: readonly number[];
  /** A way to try before the plain one. */
  otherWay?: OtherWay | undefined;
}

/** An upload, and what the queue alone knows of it. */
export interface Job {
  shown: Upload;
  key: string;
  tries: number;
  isChecked: boolean;
  /** What is going on with it and can be stopped: a look at it, its resizing, or a request. */
  work: AbortController | undefined;
  pause: ReturnType<typeof setTimeout> | undefined;
}

export function newJob(id: number, file: File): Job {
  return {
    shown: {
      id,
      file,
      state: "waiting",
      sent: 0,
      image: null,
      isDuplicate: false,
      error: null,
      mayRetry: false,
      mayResize: false,
      note: null,
    },
    key: newIdempotencyKey(),
    tries: 0,
    isChecked: false,
    work: undefined,
    pause: undefined,
  };
}

export function isActive({ shown }: Job): boolean {
  return shown.state !== "done" && shown.state !== "failed";
}

export function isOnItsWay({ shown }: Job): boolean {
  return shown.state === "sending" || shown.state === "checking";
}

/** The same file may get another answer. */
export function isPassing(error: ApiError): boolean {
  return (
    error.isNetwork ||
    error.status === 401 ||
    error.status === 408 ||
    error.status === 429 ||
    error.status >= 500 ||
    error.code === "in_progress"
  );
}

export function isUploaded(status: number, body: unknown): body is ImageUploaded {
  return (status === 200 || status === 201) && typeof body === "object" && body !== null;
}
