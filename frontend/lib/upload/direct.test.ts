import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DirectWay } from "./direct";
import type { Answer, Watch } from "./transfer";

interface Call {
  what: string;
  body: string;
  headers: Record<string, unknown>;
}

/** The product and a store, behind one address. */
let server: Server;
let origin: string;
let calls: Call[];
let method: "post" | "put";
/** Answers other than the usual ones, by what is asked. */
let answers: Record<string, (response: ServerResponse) => void>;
let way: DirectWay;
let isThere: boolean;

const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "*",
  "access-control-allow-headers": "*, idempotency-key, content-type",
};

beforeEach(async () => {
  calls = [];
  answers = {};
  method = "post";
  isThere = true;
  server = createServer((request, response) => {
    if (request.method === "OPTIONS") {
      response.writeHead(204, CORS).end();
      return;
    }
    const what = `${request.method} ${request.url}`;
    const call: Call = { what, body: "", headers: request.headers };
    request.setEncoding("latin1");
    request.on("data", (piece: string) => {
      call.body += piece;
    });
    request.on("end", () => {
      calls.push(call);
      const own = answers[what];
      if (own) own(response);
      else usual(what, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  way = new DirectWay({
    businessId: 7,
    address: `${origin}/uploads`,
    probe: async () => isThere,
  });
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function say(response: ServerResponse, status: number, body: unknown = {}) {
  response.writeHead(status, { ...CORS, "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function usual(what: string, response: ServerResponse) {
  if (what === "POST /uploads") {
    const fields = { key: "incoming/7/abc", "Content-Type": "image/jpeg" };
    const place = method === "post" ? { fields, headers: {} } : { fields: {}, headers: HEADERS };
    say(response, 201, { upload: { id: "t1", method, url: `${origin}/store`, ...place } });
  } else if (what === "POST /uploads/t1/complete") {
    say(response, 201, { success: true, image: { id: 1 }, duplicate: false });
  } else {
    say(response, what === "POST /store" ? 204 : 200);
  }
}

const HEADERS = { "content-type": "image/jpeg" };
const whats = () => calls.map(({ what }) => what);
const JPEG = new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);

function picture(name = "harbour.jpg"): File {
  return new File([JPEG], name, { type: "" });
}

function deliver(file = picture(), { key = "k1", signal = new AbortController().signal } = {}) {
  const watch: Watch = { onProgress: () => {}, onSent: () => {}, signal, patience: 5_000 };
  return way.deliver(file, key, watch);
}

const ALL = ["POST /uploads", "POST /store", "POST /uploads/t1/complete"];

describe("a file that the store takes", () => {
  it("gets a ticket, goes as a form with its fields first, and is then taken in", async () => {
    expect(await deliver()).toMatchObject({ status: 201, body: { image: { id: 1 } } });
    expect(whats()).toEqual(ALL);
    // What the file is, its bytes say: the browser knew nothing.
    expect(JSON.parse(calls[0]?.body ?? "")).toEqual({
      business_id: 7,
      filename: "harbour.jpg",
      size: 7,
      mime_type: "image/jpeg",
    });
    const form = calls[1]?.body ?? "";
    expect(form).toMatch(/name="key"\s+incoming\/7\/abc/);
    expect(form.indexOf('name="file"')).toBeGreaterThan(form.indexOf('name="Content-Type"'));
    expect(calls[2]?.headers["idempotency-key"]).toBe("k1-direct");
  });

  it("goes bare, with the headers of its ticket, to a store without forms", async () => {
    method = "put";
    expect(await deliver()).toMatchObject({ status: 201 });
    expect(whats()).toEqual(["POST /uploads", "PUT /store", "POST /uploads/t1/complete"]);
    expect(calls[1]?.headers["content-type"]).toBe("image/jpeg");
    expect(calls[1]?.body).toHaveLength(7);
  });

  it("and that the product refuses is refused", async () => {
    answers["POST /uploads/t1/complete"] = (response) =>
      say(response, 422, { code: "image_corrupt" });
    expect(await deliver()).toMatchObject({ status: 422, body: { code: "image_corrupt" } });
    expect(way.isOpen).toBe(true);
  });

  it("is not sent twice when the last answer was lost", async () => {
    answers["POST /uploads/t1/complete"] = (response) => response.destroy();
    expect(await deliver()).toMatchObject({ status: 0 });
    answers = {};
    expect(await deliver()).toMatchObject({ status: 201 });
    expect(whats()).toEqual([...ALL, "POST /uploads/t1/complete"]);
  });

  it("is asked for again while its first request is at work", async () => {
    answers["POST /uploads/t1/complete"] = (response) =>
      say(response, 409, { code: "in_progress" });
    expect(await deliver()).toMatchObject({ status: 409 });
    answers = {};
    expect(await deliver()).toMatchObject({ status: 201 });
    expect(whats().filter((what) => what === "POST /store")).toHaveLength(1);
  });
});

describe("a store that fails", () => {
  it("is left for the plain way, its ticket given back, and after two failures for good", async () => {
    answers["POST /store"] = (response) => say(response, 403);
    expect(await deliver()).toBeNull();
    expect(way.isOpen).toBe(true);
    expect(await deliver(picture(), { key: "k2" })).toBeNull();
    expect(way.isOpen).toBe(false);
    await expect
      .poll(() => whats().filter((what) => what === "DELETE /uploads/t1"))
      .toHaveLength(2);
    const before = calls.length;
    expect(await deliver(picture(), { key: "k3" })).toBeNull();
    expect(calls).toHaveLength(before);
  });

  it("counts as failing when it cannot be reached and the product can", async () => {
    answers["POST /store"] = (response) => response.destroy();
    expect(await deliver()).toBeNull();
  });

  it("is not blamed for a connection that is gone", async () => {
    answers["POST /store"] = (response) => response.destroy();
    isThere = false;
    expect(await deliver()).toMatchObject({ status: 0 });
    expect(await deliver()).toMatchObject({ status: 0 });
    expect(way.isOpen).toBe(true);
  });

  it("or loses the file after all is left for the plain way", async () => {
    answers["POST /uploads/t1/complete"] = (response) =>
      say(response, 409, { code: "upload_incomplete" });
    expect(await deliver()).toBeNull();
  });
});

describe("a ticket that is not given", () => {
  it("because the storage has no such way closes it at once", async () => {
    answers["POST /uploads"] = (response) =>
      say(response, 409, { code: "direct_upload_unavailable" });
    expect(await deliver()).toBeNull();
    expect(way.isOpen).toBe(false);
  });

  it("for this one file leaves the way open for others", async () => {
    answers["POST /uploads"] = (response) => say(response, 415, {});
    expect(await deliver()).toBeNull();
    expect(way.isOpen).toBe(true);
  });

  it.each([401, 413, 429, 503])("with %i means what it means on the plain way", async (status) => {
    answers["POST /uploads"] = (response) => say(response, status, {});
    expect(await deliver()).toMatchObject({ status } satisfies Partial<Answer>);
    expect(way.isOpen).toBe(true);
  });
});

describe("cancelling", () => {
  it("gives the ticket back", async () => {
    const leaving = new AbortController();
    answers["POST /store"] = () => leaving.abort();
    expect(await deliver(picture(), { signal: leaving.signal })).toMatchObject({ status: 0 });
    await expect.poll(whats).toContain("DELETE /uploads/t1");
  });
});
