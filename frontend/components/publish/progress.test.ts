import { describe, expect, it } from "vitest";
import type { Post, Publication, PublicationState } from "@/lib/api/types";
import { hasSettled, isOnItsWay, listed, nextLookIn } from "./progress";
import { outcome } from "./watchPost";

function publication(state: PublicationState, more: Partial<Publication> = {}): Publication {
  return {
    id: 1,
    channel_id: 1,
    platform: "instagram",
    channel_name: "harbourcoffee",
    is_practice: true,
    state,
    permalink: null,
    external_id: null,
    account_url: "http://localhost:8000/practice/instagram/1",
    error: null,
    published_at: null,
    updated_at: "2026-11-22T12:00:00Z",
    history: [],
    steps: [],
    held_until: null,
    can_confirm: false,
    is_looked_up: false,
    history_total: 0,
    ...more,
  };
}

function post(...publications: Publication[]): Post {
  return {
    id: 1,
    business_id: 1,
    content_text: "",
    images: [],
    channel_ids: [1],
    texts: [],
    ai_label: null,
    first_comment: null,
    state: "publishing",
    scheduled_at: null,
    created_at: "2026-11-22T12:00:00Z",
    updated_at: "2026-11-22T12:00:00Z",
    publications,
  };
}

const out = publication("published", { external_id: "7", permalink: "http://127.0.0.1/p/7" });

describe("a post that goes out", () => {
  it("is looked at every second at first, and less often the longer it takes", () => {
    const sending = post(out, publication("publishing"));
    expect(nextLookIn(sending, 0)).toBe(1_000);
    expect(nextLookIn(sending, 20_000)).toBe(2_500);
    expect(nextLookIn(sending, 90_000)).toBe(5_000);
    expect(hasSettled(sending)).toBe(false);
  });

  it("is not looked at any more once everything rests", () => {
    expect(nextLookIn(post(out, publication("failed")), 0)).toBe(false);
    expect(nextLookIn(post(publication("published", { external_id: null })), 0)).toBe(false);
  });

  it("is looked at a little longer for a link that comes after its publication", () => {
    const linkless = post(publication("published", { external_id: "7" }));
    expect(nextLookIn(linkless, 5_000)).toBe(2_000);
    expect(nextLookIn(linkless, 61_000)).toBe(false);
  });

  it("is followed while the server looks it up, not when it waits for a person", () => {
    const event = (code: string) => ({ at: "2026-11-22T12:00:00Z", code, message: code });
    const looking = publication("unconfirmed", { history: [event("outcome_unclear")] });
    const waiting = publication("unconfirmed", {
      history: [event("outcome_unclear"), event("needs_a_look")],
    });
    expect([isOnItsWay(looking), isOnItsWay(waiting)]).toEqual([true, false]);
    expect(nextLookIn(post(looking), 0)).toBe(3_000);
    expect(nextLookIn(post(waiting), 0)).toBe(false);
  });
});

describe("how it ended is told", () => {
  const onLook = () => {};

  it("with the link when it is out", () => {
    expect(outcome(post(out), onLook)).toMatchObject({
      title: "Published on Practice Instagram",
      link: { label: "See it on Practice Instagram", href: "http://127.0.0.1/p/7" },
    });
  });

  it("with the reason first when a part of it is not", () => {
    const failed = publication("failed", {
      platform: "facebook",
      error: { code: "x", detail: "Facebook said no." },
    });
    expect(outcome(post(out, failed), onLook)).toMatchObject({
      tone: "bad",
      title: "Not published on the Practice Page",
      description: "Facebook said no.",
    });
  });

  it("honestly when nobody knows", () => {
    expect(outcome(post(out, publication("unconfirmed")), onLook).title).toBe(
      "It is not clear whether your post is on Practice Instagram",
    );
  });

  it("names places as a sentence does", () => {
    expect([listed(["A"]), listed(["A", "B"]), listed(["A", "B", "C"])]).toEqual([
      "A",
      "A and B",
      "A, B and C",
    ]);
  });
});
