/**
 * Sends files to the library, three at a time, and tells whoever listens how far each one is.
 *
 *     waiting ──▶ sending ──▶ checking ──▶ done
 *      ▲   ▲         │            │
 *      │   └─ no answer, or not now ┘ ──▶ failed ──▶ resizing ──┐
 *      └────────────────────────────────────────────────────────┘
 *
 * Before it is sent, a file is looked at here: what the server would refuse is refused at once, in the
 * server's words. `checking` begins when the last byte has left: the server decodes the picture before it
 * answers. Where no answer came, or the server asked for patience, the file waits a little and is sent
 * again under the same idempotency key, so that it never arrives twice. A file that was refused is not
 * sent again: it would be refused again. Where the refusal is a matter of size, it may be resized and sent
 * as another file. Cancelling takes a file off the list at once.
 *
 * A lost connection is not the files' fault: while the server cannot be reached nothing is sent and no try
 * is counted, and all goes on once it answers. So it is when the server says that it has had too many.
 */
import { type ApiError, apiUrl, networkError, newIdempotencyKey } from "@/lib/api/client";
import type { ImageUploaded } from "@/lib/api/types";
import type { Finding } from "./check";
import { Connection, spread } from "./connection";
import { tooLarge } from "./refusals";
import { type Answer, errorOf, transfer, type Watch } from "./transfer";
import {
  isActive,
  isOnItsWay,
  isPassing,
  isUploaded,
  type Job,
  newJob,
  type Upload,
  type UploadQueueOptions,
} from "./upload";

export type { Upload, UploadQueueOptions, UploadState } from "./upload";

const DEFAULTS = {
  parallel: 3,
  pauses: [1_000, 3_000, 9_000, 20_000],
  looks: [1_000, 2_000, 4_000, 8_000, 15_000],
  patience: 90_000,
  maxBytes: Number.POSITIVE_INFINITY,
} as const;

type Known = keyof typeof DEFAULTS | "address";

export class UploadQueue {
  /** Runs once for each file that arrived, with the images of later files that arrived before it. */
  onUploaded: ((answer: ImageUploaded, overtakenBy: readonly number[]) => void) | undefined;
  /** Runs for each file that will not be tried again by itself. */
  onFailed: ((error: ApiError) => void) | undefined;

  readonly #options: UploadQueueOptions & Required<Pick<UploadQueueOptions, Known>>;
  readonly #connection: Connection | undefined;
  readonly #listeners = new Set<() => void>();
  /** Files whose requests were lost while nobody knew why. */
  readonly #suspects = new Set<Job>();
  #jobs: Job[] = [];
  #shown: readonly Upload[] = [];
  #nextId = 1;
  #isResizing = false;
  /** The server has had too many for now. */
  #hold: ReturnType<typeof setTimeout> | undefined;

  constructor(options: UploadQueueOptions) {
    this.#options = { ...DEFAULTS, address: apiUrl("/images/upload"), ...options };
    const { probe, looks } = this.#options;
    this.#connection =
      probe &&
      new Connection({
        probe,
        looks,
        onAway: () => this.#proceed(),
        onBack: (wasAway) => this.#goOn(wasAway),
      });
  }

  /** Calls `listener` after every change; returns how to stop that. */
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The files in the order they came. The same array until something changes. */
  getUploads = (): readonly Upload[] => this.#shown;

  /** What is known of the server has changed. */
  change(options: Pick<UploadQueueOptions, "maxBytes" | "check" | "resize" | "otherWay">): void {
    Object.assign(this.#options, options);
  }

  /** Takes files in. When nothing was going on, what arrived earlier leaves the list. */
  add(files: Iterable<File>): void {
    if (!this.#jobs.some(isActive)) this.#jobs = this.#jobs.filter(({ shown }) => !shown.image);
    for (const file of files) {
      this.#jobs.push(newJob(this.#nextId++, file));
    }
    this.#proceed();
  }

  /** Stops a file wherever it is and takes it off the list. */
  cancel(id: number): void {
    const job = this.#find(id);
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
    const job = this.#find(id);
    if (job?.shown.state !== "failed") return;
    job.tries = 0;
    this.#change(job, { state: "waiting", sent: 0, error: null, mayRetry: false });
    this.#proceed();
  }

  /** Sends again whatever failed and could end differently. */
  retryAll(): void {
    for (const { shown } of this.#jobs) if (shown.mayRetry) this.retry(shown.id);
  }

  /** Makes a file that is too large fit, and sends it. One after the other: each takes much memory. */
  resize(id: number): void {
    const job = this.#find(id);
    if (!job?.shown.mayResize || job.shown.state !== "failed") return;
    this.#change(job, { state: "resizing", sent: 0, error: null, mayResize: false, note: null });
    this.#proceed();
  }

  resizeAll(): void {
    for (const { shown } of this.#jobs) if (shown.mayResize) this.resize(shown.id);
  }

  /** The connection may be gone: looks for the server before anything else is sent. */
  doubt(): void {
    if (this.#jobs.some(isActive)) this.#connection?.doubt();
  }

  /** Sends again at once what waits for the connection or for its next try. */
  hurry(): void {
    for (const job of this.#jobs) {
      clearTimeout(job.pause);
      job.pause = undefined;
    }
    clearTimeout(this.#hold);
    this.#hold = undefined;
    this.#connection?.hurry();
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
    clearTimeout(this.#hold);
    this.#hold = undefined;
    this.#connection?.rest();
    this.#tell();
  }

  #find(id: number): Job | undefined {
    return this.#jobs.find(({ shown }) => shown.id === id);
  }

  #stop(job: Job): void {
    clearTimeout(job.pause);
    job.pause = undefined;
    this.#suspects.delete(job);
    const { work } = job;
    job.work = undefined;
    work?.abort();
  }

  #proceed(): void {
    this.#checkNext();
    this.#resizeNext();
    let free = this.#options.parallel - this.#jobs.filter(isOnItsWay).length;
    for (const job of this.#jobs) {
      if (free <= 0 || this.#hold !== undefined) break;
      const { state, file, error } = job.shown;
      if (state !== "waiting" || job.pause !== undefined || job.work) continue;
      if (!job.isChecked) continue;
      if (file.size > this.#options.maxBytes) {
        this.#fail(job, tooLarge(this.#options.maxBytes));
        continue;
      }
      if (this.#connection?.isDoubtful) {
        if (!error) this.#change(job, { error: networkError() });
        continue;
      }
      void this.#send(job);
      free -= 1;
    }
    this.#tell();
  }

  /** Files are looked at one after the other, ahead of their turn: what is refused shows early. */
  #checkNext(): void {
    const { check } = this.#options;
    for (const job of this.#jobs) {
      if (job.isChecked || job.shown.state !== "waiting") continue;
      if (!check) {
        job.isChecked = true;
        continue;
      }
      if (job.work) return;
      const work = new AbortController();
      job.work = work;
      void check(job.shown.file)
        // A file that cannot be read here is the server's to judge.
        .catch(() => null)
        .then((finding) => {
          if (job.work !== work) return;
          job.work = undefined;
          job.isChecked = true;
          if (finding) this.#fail(job, finding.refusal, finding);
          this.#proceed();
        });
      return;
    }
  }

  #resizeNext(): void {
    const { resize } = this.#options;
    const job = this.#jobs.find(({ shown }) => shown.state === "resizing");
    if (!job || !resize || this.#isResizing) return;
    this.#isResizing = true;
    const work = new AbortController();
    job.work = work;
    void resize(job.shown.file, work.signal)
      .then(
        (file) => {
          if (job.work !== work) return;
          // Other bytes are another request.
          job.key = newIdempotencyKey();
          job.tries = 0;
          this.#change(job, { file, state: "waiting" });
        },
        (reason: ApiError) => {
          if (job.work === work) this.#fail(job, reason);
        },
      )
      .finally(() => {
        if (job.work === work) job.work = undefined;
        this.#isResizing = false;
        this.#proceed();
      });
  }

  async #send(job: Job): Promise<void> {
    const work = new AbortController();
    job.work = work;
    job.tries += 1;
    this.#change(job, { state: "sending", sent: 0, error: null });
    const answer = await this.#deliver(job, {
      signal: work.signal,
      patience: this.#options.patience,
      onProgress: (sent) => {
        if (job.work !== work) return;
        this.#change(job, { state: "sending", sent });
        this.#tell();
      },
      onSent: () => {
        if (job.work !== work) return;
        this.#change(job, { state: "checking", sent: 1 });
        this.#tell();
      },
    });
    if (job.work !== work) return;
    job.work = undefined;
    this.#settle(job, answer);
    this.#proceed();
  }

  async #deliver({ shown: { file }, key }: Job, watch: Watch): Promise<Answer> {
    const { businessId, address, otherWay } = this.#options;
    const answer = await otherWay?.deliver(file, key, watch);
    if (answer) return answer;
    const form = new FormData();
    form.set("business_id", String(businessId));
    form.set("file", file, file.name || "untitled");
    const headers = { accept: "application/json", "idempotency-key": key };
    return transfer({ address, headers, body: form }, watch);
  }

  #settle(job: Job, answer: Answer): void {
    const { status, body } = answer;
    if (status > 0) this.#connection?.prove();
    if (isUploaded(status, body)) {
      this.#change(job, { state: "done", sent: 1, image: body.image, isDuplicate: body.duplicate });
      this.onUploaded?.(body, this.#arrivedAfter(job));
      return;
    }
    const error = errorOf(answer);
    // The server has been set to another limit since the page was loaded.
    if (error.code === "file_too_large" && Number(error.problem.limit) > 0) {
      this.#options.maxBytes = Number(error.problem.limit);
    }
    if (error.isNetwork && this.#connection) {
      this.#change(job, { state: "waiting", sent: 0, error });
      this.#suspects.add(job);
      this.#connection.doubt();
    } else if (error.status === 429) {
      job.tries -= 1;
      this.#change(job, { state: "waiting", sent: 0, error });
      this.#wait((error.retryAfter ?? 5) * 1_000);
    } else {
      this.#postpone(job, error);
    }
  }

  /** Another try a little later, or the end of them. */
  #postpone(job: Job, error: ApiError): void {
    const pause = this.#options.pauses[job.tries - 1];
    if (!isPassing(error) || error.status === 401 || pause === undefined) {
      this.#fail(job, error);
      return;
    }
    this.#change(job, { state: "waiting", sent: 0, error });
    job.pause = setTimeout(
      () => {
        job.pause = undefined;
        this.#proceed();
      },
      Math.max(spread(pause), (error.retryAfter ?? 0) * 1_000),
    );
  }

  /** Nobody sends anything for so long. */
  #wait(milliseconds: number): void {
    clearTimeout(this.#hold);
    this.#hold = setTimeout(() => {
      this.#hold = undefined;
      this.#proceed();
    }, milliseconds);
  }

  /** The server answers: what waited for it only waits for its turn. */
  #goOn(wasAway: boolean): void {
    for (const job of this.#suspects) {
      if (wasAway) job.tries -= 1;
      else this.#postpone(job, job.shown.error ?? networkError());
    }
    this.#suspects.clear();
    for (const job of this.#jobs) {
      const { state, error } = job.shown;
      if (state === "waiting" && error?.isNetwork && job.pause === undefined) {
        this.#change(job, { error: null });
      }
    }
    this.#proceed();
  }

  #arrivedAfter(job: Job): number[] {
    const later = this.#jobs.slice(this.#jobs.indexOf(job) + 1);
    return later.flatMap(({ shown }) => (shown.image ? [shown.image.id] : []));
  }

  #fail(job: Job, error: ApiError, finding?: Pick<Finding, "mayResize" | "note">): void {
    this.#change(job, {
      state: "failed",
      sent: 0,
      error,
      mayRetry: isPassing(error),
      mayResize: finding?.mayResize ?? false,
      note: finding?.note ?? null,
    });
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
