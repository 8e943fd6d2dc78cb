/**
 * The one way to the API. Every call either returns the answer's body or throws an ApiError;
 * nothing here shows anything to anybody. The session is a cookie that this code never sees.
 */

const BASE = "/api/v1";

/** A failed call, as the API described it (RFC 9457), or a network failure with status 0. */
export class ApiError extends Error {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** Stable, snake_case: what to branch on. `network` when no answer came. */
  readonly code: string;
  /** A sentence for people, from the server. */
  readonly detail: string;
  /** Messages by field name, for forms. */
  readonly fields: Readonly<Record<string, string>>;
  /** Seconds to wait before another try, when the server said so. */
  readonly retryAfter: number | undefined;
  /** The whole problem, for what helps in single cases (`posts`, `limit`). */
  readonly problem: Readonly<Record<string, unknown>>;
  /** Names this request in the server's log. */
  readonly requestId: string | undefined;

  constructor(init: {
    status: number;
    code: string;
    detail: string;
    fields?: Record<string, string>;
    retryAfter?: number | undefined;
    problem?: Record<string, unknown>;
    requestId?: string | undefined;
  }) {
    super(init.detail);
    this.name = "ApiError";
    this.status = init.status;
    this.code = init.code;
    this.detail = init.detail;
    this.fields = init.fields ?? {};
    this.retryAfter = init.retryAfter;
    this.problem = init.problem ?? {};
    this.requestId = init.requestId;
  }

  /** No answer came: offline, or the server is away. Trying again later is harmless for reads. */
  get isNetwork(): boolean {
    return this.status === 0;
  }
}

/** The error that stands for "no answer came". */
export function networkError(): ApiError {
  return new ApiError({
    status: 0,
    code: "network",
    detail: "AIGrowth did not answer. Check your connection and try again.",
  });
}

/** Reads a failed answer. Bodies that are not problem+json still make a usable error. */
export function errorFromBody(
  status: number,
  body: unknown,
  headers: { get: (name: string) => string | null },
): ApiError {
  const problem = isRecord(body) ? body : {};
  const retryAfter = Number(problem.retry_after ?? headers.get("retry-after") ?? Number.NaN);
  return new ApiError({
    status,
    code: typeof problem.code === "string" ? problem.code : `http_${status}`,
    detail:
      typeof problem.detail === "string"
        ? problem.detail
        : `The server answered with status ${status}. Try again in a moment.`,
    fields: readFields(problem.errors),
    retryAfter: Number.isFinite(retryAfter) ? retryAfter : undefined,
    problem,
    requestId: headers.get("x-request-id") ?? undefined,
  });
}

/** Accepts `[{field, message}]` in its usual spellings, and `{field: message}`. */
function readFields(errors: unknown): Record<string, string> {
  const fields: Record<string, string> = {};
  if (Array.isArray(errors)) {
    for (const error of errors) {
      if (!isRecord(error)) continue;
      const place = error.field ?? error.loc ?? error.name;
      const name = Array.isArray(place) ? place.at(-1) : place;
      const message = error.message ?? error.detail ?? error.msg;
      if (typeof name === "string" && typeof message === "string") {
        fields[name.split(".").at(-1) ?? name] ??= message;
      }
    }
  } else if (isRecord(errors)) {
    for (const [name, message] of Object.entries(errors)) {
      if (typeof message === "string") fields[name] = message;
    }
  }
  return fields;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export type Query = Record<string, string | number | boolean | null | undefined>;

/** The full address of an API path, leaving out what is null, undefined or empty. */
export function apiUrl(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") params.set(name, String(value));
  }
  const text = params.toString();
  return `${BASE}${path}${text ? `?${text}` : ""}`;
}

/** A fresh key for one intention of the person; the same key on every retry of it. */
export function newIdempotencyKey(): string {
  // randomUUID exists on https and localhost only; a plain-http address in the house has neither.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

interface CallOptions {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** Makes a repeated POST safe; see newIdempotencyKey. */
  idempotencyKey?: string | undefined;
  headers?: Record<string, string>;
}

async function call<Answer>(
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Answer> {
  const headers: Record<string, string> = { accept: "application/json", ...options.headers };
  if (options.body !== undefined) headers["content-type"] = "application/json";
  if (options.idempotencyKey) headers["idempotency-key"] = options.idempotencyKey;

  let response: Response;
  try {
    response = await fetch(apiUrl(path, options.query), {
      method,
      headers,
      credentials: "same-origin",
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw networkError();
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw errorFromBody(response.status, body, response.headers);
  return body as Answer;
}

export const api = {
  get: <Answer>(path: string, options?: Omit<CallOptions, "body">) =>
    call<Answer>("GET", path, options),
  post: <Answer>(path: string, body?: unknown, options?: Omit<CallOptions, "body">) =>
    call<Answer>("POST", path, { ...options, body }),
  put: <Answer>(path: string, body: unknown, options?: Omit<CallOptions, "body">) =>
    call<Answer>("PUT", path, { ...options, body }),
  patch: <Answer>(path: string, body: unknown, options?: Omit<CallOptions, "body">) =>
    call<Answer>("PATCH", path, { ...options, body }),
  delete: <Answer>(path: string, options?: Omit<CallOptions, "body">) =>
    call<Answer>("DELETE", path, options),
};
