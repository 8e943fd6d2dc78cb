import { ApiError, newIdempotencyKey } from "@/lib/api/client";
import { changePost, createPost, publishPost, schedulePost } from "@/lib/api/posts";
import type { Post, PostInput } from "@/lib/api/types";
import { changesSince, type Draft, toParts } from "./draft";

/**
 * Keeps one post on the server while it is written, and sends or schedules it.
 *
 * A request whose answer was lost may have been carried out. So the same creation is sent again,
 * under its own key, before anything newer: the post is never there twice. Publishing has one key
 * for the life of the post: however often it is pressed, it is one intention.
 */
export class PostKeeper {
  readonly #businessId: number;
  readonly #publishKey = newIdempotencyKey();
  #id: number | null;
  #kept: Draft;
  #unanswered: { input: PostInput; draft: Draft; key: string } | null = null;

  /** `kept` is what stands on the server under `id`; for a new post, what the person starts from. */
  constructor(businessId: number, id: number | null, kept: Draft) {
    this.#businessId = businessId;
    this.#id = id;
    this.#kept = kept;
  }

  /** The post on the server; null before the first time it is kept. */
  get id(): number | null {
    return this.#id;
  }

  /** What the server has, or what a new post started from. */
  get kept(): Draft {
    return this.#kept;
  }

  /** Brings the server up to date. Returns the post where anything had to be sent. */
  async keep(draft: Draft): Promise<Post | null> {
    const created = await this.#create(draft);
    const change = this.#id === null ? null : changesSince(this.#kept, draft);
    if (this.#id === null || change === null) return created;
    const changed = await changePost(this.#id, change);
    this.#kept = draft;
    return changed;
  }

  /** Keeps what was written last, then sends it to its channels. */
  async publish(draft: Draft): Promise<Post> {
    await this.keep(draft);
    if (this.#id === null) throw new Error("A post is kept before it is published.");
    return await publishPost(this.#id, this.#publishKey);
  }

  /** Keeps what was written last, then schedules it. */
  async schedule(draft: Draft, at: string): Promise<Post> {
    await this.keep(draft);
    if (this.#id === null) throw new Error("A post is kept before it is scheduled.");
    return await schedulePost(this.#id, at);
  }

  async #create(draft: Draft): Promise<Post | null> {
    if (this.#id !== null) return null;
    this.#unanswered ??= {
      input: { business_id: this.#businessId, ...toParts(draft) },
      draft,
      key: newIdempotencyKey(),
    };
    const attempt = this.#unanswered;
    try {
      const post = await createPost(attempt.input, attempt.key);
      this.#unanswered = null;
      this.#id = post.id;
      this.#kept = attempt.draft;
      return post;
    } catch (error) {
      // A clear no was not carried out; the next try is a new intention.
      if (error instanceof ApiError && !isUnanswered(error)) this.#unanswered = null;
      throw error;
    }
  }
}

/** It may have been carried out: no answer, one from a gateway, or one that is still being made. */
function isUnanswered(error: ApiError): boolean {
  return error.isNetwork || error.status >= 500 || error.code === "in_progress";
}
