/**
 * Sending a file straight to the store, past the server: a ticket is asked for, the store gets the
 * bytes, and the server is told to look at them.
 *
 * Whatever goes wrong between the browser and the store (a rule of the bucket, a network that does not
 * let it through) is no matter for the person: the file goes the plain way. After two such failures this
 * way is closed until the page is loaded again.
 */
import { apiUrl } from "@/lib/api/client";
import type { UploadPlace } from "@/lib/api/types";
import { readPicture } from "./picture";
import { type Answer, type Request, transfer, type Watch } from "./transfer";

export interface DirectOptions {
  businessId: number;
  /** Where tickets are asked for; the API of this page when left out. */
  address?: string;
  /** Whether the product itself can be reached, to tell a dead line from a store that refuses. */
  probe: () => Promise<boolean>;
}

/** The most failures between browser and store until no further file is sent that way. */
const PATIENCE = 2;

/** Answers of the product after which asking again may help: they mean the same as on the plain way. */
const PASSING = new Set([0, 401, 403, 408, 429]);

export class DirectWay {
  readonly #options: Required<DirectOptions>;
  /** Files that the store has, by their idempotency key: their answer was lost. */
  readonly #stored = new Map<string, string>();
  #failures = 0;

  constructor(options: DirectOptions) {
    this.#options = { address: apiUrl("/images/uploads"), ...options };
  }

  get isOpen(): boolean {
    return this.#failures < PATIENCE;
  }

  /** The product's answer, the same as to a plain upload; null when the file has to go the plain way. */
  async deliver(file: File, key: string, watch: Watch): Promise<Answer | null> {
    const stored = this.#stored.get(key);
    if (stored !== undefined) return this.#complete(stored, key, watch);
    if (!this.isOpen) return null;

    const picture = await readPicture(file);
    // What the browser says of a file's kind, it took from its name.
    const mimeType = picture ? `image/${picture.format}` : file.type;
    const asked = await this.#ask("", watch, {
      business_id: this.#options.businessId,
      filename: file.name || "untitled",
      size: file.size,
      mime_type: mimeType,
    });
    if (watch.signal.aborted) return asked;
    if (!isTicket(asked.body) || asked.status !== 201) {
      if (PASSING.has(asked.status) || asked.status >= 500 || asked.status === 413) return asked;
      // The storage has no such way, or has it not for this file.
      if ([404, 405, 409].includes(asked.status)) this.#failures = PATIENCE;
      return null;
    }

    const { upload } = asked.body;
    const answer = await transfer(toStore(upload, file), watch);
    if (watch.signal.aborted) {
      this.#forget(upload.id);
      return answer;
    }
    if (answer.status >= 200 && answer.status < 300) {
      this.#stored.set(key, upload.id);
      return this.#complete(upload.id, key, watch);
    }
    this.#forget(upload.id);
    if (answer.status === 0 && !(await this.#options.probe())) return answer;
    this.#failures += 1;
    return null;
  }

  async #complete(id: string, key: string, watch: Watch): Promise<Answer | null> {
    watch.onProgress(1);
    watch.onSent();
    // The plain way has the key itself, and one key stands for one kind of request.
    const answer = await this.#ask(
      `/${encodeURIComponent(id)}/complete`,
      watch,
      {},
      `${key}-direct`,
    );
    const isLater =
      PASSING.has(answer.status) || answer.status >= 500 || codeOf(answer) === "in_progress";
    if (isLater) return answer;
    this.#stored.delete(key);
    // The picture itself may be refused: that is the answer, as it would be to a plain upload.
    if (answer.status < 300 || [413, 415, 422].includes(answer.status)) return answer;
    this.#failures += 1;
    return null;
  }

  #ask(path: string, watch: Watch, body: object, key?: string): Promise<Answer> {
    return transfer(
      {
        address: this.#options.address + path,
        headers: {
          accept: "application/json",
          "content-type": "application/json",
          ...(key && { "idempotency-key": key }),
        },
        body: JSON.stringify(body),
      },
      { ...watch, onProgress: () => {}, onSent: () => {} },
    );
  }

  /** What was begun is called off. Nobody waits for it: the server sweeps what is left over. */
  #forget(id: string): void {
    void transfer(
      { method: "DELETE", address: `${this.#options.address}/${encodeURIComponent(id)}` },
      {
        onProgress: () => {},
        onSent: () => {},
        signal: new AbortController().signal,
        patience: 30_000,
      },
    );
  }
}

function toStore({ method, url, fields, headers }: UploadPlace, file: File): Request {
  if (method === "put") return { method: "PUT", address: url, headers, body: file };
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  // A store reads no field behind the file.
  form.set("file", file, file.name || "untitled");
  return { address: url, headers, body: form };
}

function codeOf({ body }: Answer): unknown {
  return typeof body === "object" && body !== null && "code" in body ? body.code : undefined;
}

function isTicket(body: unknown): body is { upload: UploadPlace } {
  return typeof body === "object" && body !== null && "upload" in body;
}
