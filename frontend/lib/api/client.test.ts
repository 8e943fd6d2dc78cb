import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ApiError, api, apiUrl, errorFromBody } from "./client";

const headers = new Headers({ "x-request-id": "r-1" });

describe("errorFromBody", () => {
  it("carries the code, the sentence, the field messages and the wait of a problem", () => {
    const error = errorFromBody(
      422,
      {
        code: "invalid_fields",
        detail: "Two fields need your attention.",
        errors: [{ field: "body.email", code: "value_error", message: "Not an address." }],
        retry_after: 4,
      },
      headers,
    );
    expect(error).toMatchObject({
      status: 422,
      code: "invalid_fields",
      detail: "Two fields need your attention.",
      fields: { email: "Not an address." },
      retryAfter: 4,
      requestId: "r-1",
    });
  });

  it("makes a usable error of an answer that is no problem", () => {
    expect(errorFromBody(502, undefined, new Headers({ "retry-after": "7" }))).toMatchObject({
      code: "http_502",
      retryAfter: 7,
    });
  });
});

describe("apiUrl", () => {
  it("leaves out what is empty", () => {
    expect(apiUrl("/images/list", { business_id: 1, search: "", cursor: null })).toBe(
      "/api/v1/images/list?business_id=1",
    );
  });
});

describe("calls", () => {
  let server: Server;
  let origin: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === "/api/v1/gone") {
        response.writeHead(404, { "content-type": "application/problem+json" });
        response.end(JSON.stringify({ code: "image_not_found", detail: "No such image." }));
      } else if (request.method === "DELETE") {
        response.writeHead(204).end();
      } else {
        response.writeHead(201, { "content-type": "application/json" });
        response.end(
          JSON.stringify({
            key: request.headers["idempotency-key"],
            type: request.headers["content-type"],
          }),
        );
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const real = globalThis.fetch;
    vi.stubGlobal("fetch", (path: string, init: RequestInit) => real(new URL(path, origin), init));
  });

  afterAll(() => {
    vi.unstubAllGlobals();
    server.close();
  });

  it("sends JSON with its idempotency key and returns the body", async () => {
    await expect(api.post("/posts", { a: 1 }, { idempotencyKey: "k" })).resolves.toEqual({
      key: "k",
      type: "application/json",
    });
  });

  it("accepts an answer without a body", async () => {
    await expect(api.delete("/images/1")).resolves.toBeUndefined();
  });

  it("throws the problem that the server described", async () => {
    await expect(api.get("/gone")).rejects.toMatchObject({ status: 404, code: "image_not_found" });
  });

  it("throws a network error when nobody answers", async () => {
    const port = origin;
    origin = "http://127.0.0.1:9";
    const error = await api.get("/images/list").catch((reason: unknown) => reason);
    origin = port;
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).isNetwork).toBe(true);
  });
});
