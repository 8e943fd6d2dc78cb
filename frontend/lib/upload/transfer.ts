/** One request that carries a file, with its progress. `fetch` cannot tell how much has left. */
import { type ApiError, errorFromBody, networkError } from "@/lib/api/client";

export interface Answer {
  /** 0: none came. */
  status: number;
  body: unknown;
  header: (name: string) => string | null;
}

/** What a transfer tells on its way, and how it is stopped. */
export interface Watch {
  /** The part of the bytes that has left, 0 to 1. */
  onProgress: (sent: number) => void;
  /** The last byte has left; the answer is waited for. */
  onSent: () => void;
  signal: AbortSignal;
  /** Milliseconds without any movement after which the request counts as unanswered. */
  patience: number;
}

export interface Request {
  method?: "POST" | "PUT" | "DELETE";
  address: string;
  headers?: Readonly<Record<string, string>>;
  body?: FormData | Blob | string;
}

/** Resolves in any case: without an answer, or when it was stopped, with status 0. */
export function transfer(
  { method = "POST", address, headers = {}, body }: Request,
  { onProgress, onSent, signal, patience }: Watch,
): Promise<Answer> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const moved = () => {
      clearTimeout(timer);
      timer = setTimeout(stop, patience);
    };
    request.upload.onprogress = ({ loaded, total, lengthComputable }) => {
      moved();
      if (lengthComputable && total > 0) onProgress(Math.min(1, loaded / total));
    };
    request.upload.onload = () => {
      moved();
      onSent();
    };
    // Runs last, whatever happened: an answer, none, or an abort.
    request.onloadend = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      resolve({
        status: request.status,
        body: readJson(request.responseText),
        header: (name) => request.getResponseHeader(name),
      });
    };
    request.open(method, address);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    signal.addEventListener("abort", stop);
    moved();
    request.send(body ?? null);
    if (signal.aborted) stop();
  });
}

/** What an answer that is no success means. */
export function errorOf({ status, body, header }: Answer): ApiError {
  return status === 0 ? networkError() : errorFromBody(status, body, { get: header });
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
