import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { type Draft, EMPTY_DRAFT } from "./draft";
import { PostKeeper } from "./postKeeper";

/** A server that keeps posts as the API does, and loses an answer or refuses when it is told to. */
let server: Server;
let next: "answer" | "lose" | "refuse" = "answer";
let calls: string[] = [];
let texts: string[] = [];
const byKey = new Map<string, number>();

async function serve(request: IncomingMessage, response: ServerResponse) {
  let raw = "";
  for await (const chunk of request) raw += chunk;
  const body = raw ? (JSON.parse(raw) as { content_text?: string }) : {};
  const key = String(request.headers["idempotency-key"] ?? "");
  calls.push(`${request.method} ${request.url?.replace("/api/v1", "")}`);
  const mode = next;
  next = "answer";
  if (mode === "refuse") {
    response.writeHead(422, { "content-type": "application/problem+json" });
    response.end(JSON.stringify({ code: "post_empty", detail: "No." }));
    return;
  }
  let id = Number(request.url?.split("/")[4]);
  if (request.url?.endsWith("/posts")) {
    id = byKey.get(key) ?? texts.push(body.content_text ?? "");
    byKey.set(key, id);
  } else if (request.method === "PATCH") {
    texts[id - 1] = body.content_text ?? "";
  }
  if (mode === "lose") {
    request.socket.destroy();
    return;
  }
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ success: true, post: { id } }));
}

beforeAll(async () => {
  server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const real = globalThis.fetch;
  vi.stubGlobal("fetch", (path: string, init: RequestInit) => real(new URL(path, origin), init));
});

afterAll(() => {
  vi.unstubAllGlobals();
  server.close();
});

beforeEach(() => {
  next = "answer";
  calls = [];
  texts = [];
  byKey.clear();
});

const written = (text: string): Draft => ({ ...EMPTY_DRAFT, text });

it("keeps a new post once and afterwards sends only what has changed", async () => {
  const keeper = new PostKeeper(1, null, EMPTY_DRAFT);
  await keeper.keep(written("One"));
  await keeper.keep(written("One"));
  await keeper.keep(written("Two"));
  expect(calls).toEqual(["POST /posts", "PATCH /posts/1"]);
  expect(texts).toEqual(["Two"]);
});

it("makes no second post when the first answer was lost and the text was changed since", async () => {
  const keeper = new PostKeeper(1, null, EMPTY_DRAFT);
  next = "lose";
  await expect(keeper.keep(written("One"))).rejects.toMatchObject({ isNetwork: true });
  await keeper.keep(written("Two"));
  expect(texts).toEqual(["Two"]);
});

it("begins anew after a refusal", async () => {
  const keeper = new PostKeeper(1, null, EMPTY_DRAFT);
  next = "refuse";
  await expect(keeper.keep(written("One"))).rejects.toMatchObject({ code: "post_empty" });
  expect(keeper.id).toBeNull();
  await keeper.keep(written("Two"));
  expect(texts).toEqual(["Two"]);
});

it("keeps what was written last before it publishes", async () => {
  const keeper = new PostKeeper(1, null, EMPTY_DRAFT);
  await keeper.keep(written("One"));
  await keeper.publish(written("Two"));
  expect(calls.slice(1)).toEqual(["PATCH /posts/1", "POST /posts/1/publish"]);
});

it("schedules one post, also where the first answer was lost and it is asked for again", async () => {
  const keeper = new PostKeeper(1, null, EMPTY_DRAFT);
  const at = "2026-11-26T08:00:00.000Z";
  await keeper.keep(written("One"));
  next = "lose";
  await expect(keeper.schedule(written("One"), at)).rejects.toMatchObject({ isNetwork: true });
  await keeper.schedule(written("One"), at);
  expect(calls).toEqual(["POST /posts", "POST /posts/1/schedule", "POST /posts/1/schedule"]);
});

it("leaves a draft that is kept elsewhere as it is until something changes", async () => {
  const keeper = new PostKeeper(1, 7, written("One"));
  await keeper.publish(written("One"));
  expect(calls).toEqual(["POST /posts/7/publish"]);
});
