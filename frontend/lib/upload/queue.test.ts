import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "@/lib/api/client";
import type { Finding } from "./check";
import type { Upload, UploadQueueOptions } from "./queue";
import { UploadQueue } from "./queue";
import { tooLarge, tooManyPixels } from "./refusals";

interface Call {
  key: string | undefined;
  body: string;
  response: ServerResponse;
  request: IncomingMessage;
  isGone: boolean;
}

let server: Server;
let address: string;
let calls: Call[];
/** What the server does with a call once it has read it. */
let answer: (call: Call) => void;
let queue: UploadQueue;

/** The page of the test is of another origin than its server. */
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "*, idempotency-key",
  "access-control-expose-headers": "*",
};

beforeEach(async () => {
  calls = [];
  answer = ({ response }) => accept(response);
  server = createServer((request, response) => {
    if (request.method === "OPTIONS") {
      response.writeHead(204, CORS).end();
      return;
    }
    const call: Call = {
      key: request.headers["idempotency-key"] as string | undefined,
      body: "",
      response,
      request,
      isGone: false,
    };
    calls.push(call);
    response.on("close", () => {
      call.isGone = !response.writableFinished;
    });
    request.setEncoding("latin1");
    request.on("data", (piece: string) => {
      call.body += piece;
    });
    request.on("end", () => answer(call));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/images/upload`;
});

afterEach(async () => {
  queue.abandon();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function accept(response: ServerResponse, { id = 1, duplicate = false } = {}) {
  response.writeHead(duplicate ? 200 : 201, { ...CORS, "content-type": "application/json" });
  response.end(JSON.stringify({ success: true, image: { id }, duplicate }));
}

function refuse(response: ServerResponse, status: number, problem: Record<string, unknown>) {
  response.writeHead(status, { ...CORS, "content-type": "application/problem+json" });
  response.end(JSON.stringify({ status, ...problem }));
}

function start(options: Partial<UploadQueueOptions> = {}): UploadQueue {
  queue = new UploadQueue({ businessId: 7, address, pauses: [10, 10], ...options });
  return queue;
}

function picture(name = "harbour.jpg", size = 64): File {
  return new File(["x".repeat(size)], name, { type: "image/jpeg" });
}

const states = () => queue.getUploads().map(({ state }) => state);
const only = (): Upload => {
  const [upload] = queue.getUploads();
  if (!upload) throw new Error("The list is empty.");
  return upload;
};
const until = (check: () => void) => vi.waitFor(check, { timeout: 5_000, interval: 5 });

describe("a file that is taken", () => {
  it("is sent with its business and its name and ends as an image", async () => {
    const uploaded = vi.fn();
    start().onUploaded = uploaded;
    queue.add([picture()]);
    await until(() => expect(states()).toEqual(["done"]));
    expect(calls[0]?.body).toMatch(/name="business_id"\s+7/);
    expect(calls[0]?.body).toContain('name="file"; filename="harbour.jpg"');
    expect(only()).toMatchObject({ image: { id: 1 }, isDuplicate: false, sent: 1, error: null });
    expect(uploaded).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ success: true }),
      [],
    );
  });

  it("is checked by the server after its last byte has left", async () => {
    // The browser of the tests notices that it has sent everything when the answer begins.
    answer = ({ response }) => response.writeHead(201, CORS).flushHeaders();
    start().add([picture()]);
    expect(states()).toEqual(["sending"]);
    await until(() => expect(only()).toMatchObject({ state: "checking", sent: 1 }));
    calls[0]?.response.end(JSON.stringify({ success: true, image: { id: 1 }, duplicate: false }));
    await until(() => expect(states()).toEqual(["done"]));
  });

  it("that the library had already is said to be a duplicate", async () => {
    answer = ({ response }) => accept(response, { duplicate: true });
    start().add([picture()]);
    await until(() => expect(only()).toMatchObject({ state: "done", isDuplicate: true }));
  });
});

describe("many files", () => {
  it("go three at a time, in their order", async () => {
    answer = () => {};
    start().add(["a", "b", "c", "d", "e"].map((name) => picture(name)));
    await until(() => expect(calls).toHaveLength(3));
    expect(states()).toEqual(["sending", "sending", "sending", "waiting", "waiting"]);
    accept(calls[1]?.response as ServerResponse);
    await until(() => expect(calls).toHaveLength(4));
    expect(calls[3]?.body).toContain('filename="d"');
    expect(calls).toHaveLength(4);
  });

  it("that come when all is over begin a new list, and refusals stay", async () => {
    answer = ({ body, response }) =>
      body.includes("bad")
        ? refuse(response, 415, { code: "unsupported_image_type" })
        : accept(response);
    start().add([picture("good"), picture("bad")]);
    await until(() => expect(states()).toEqual(["done", "failed"]));
    queue.add([picture("next")]);
    expect(queue.getUploads().map(({ file }) => file.name)).toEqual(["bad", "next"]);
  });
});

describe("a file that is refused", () => {
  it("keeps the server's words and is not sent again", async () => {
    answer = ({ response }) =>
      refuse(response, 422, {
        code: "image_too_small",
        detail: "This picture is 100 × 100 pixels.",
      });
    const failed = vi.fn();
    start().onFailed = failed;
    queue.add([picture()]);
    await until(() => expect(states()).toEqual(["failed"]));
    expect(only()).toMatchObject({
      mayRetry: false,
      error: { code: "image_too_small", detail: "This picture is 100 × 100 pixels." },
    });
    expect(calls).toHaveLength(1);
    expect(failed).toHaveBeenCalledOnce();
  });

  it("for its size spares the next one of that size the journey", async () => {
    answer = ({ response }) =>
      refuse(response, 413, {
        code: "file_too_large",
        detail: "Larger than 100 bytes.",
        limit: 100,
      });
    start().add([picture("first", 200)]);
    await until(() => expect(states()).toEqual(["failed"]));
    queue.add([picture("second", 300)]);
    expect(queue.getUploads()[1]).toMatchObject({
      state: "failed",
      error: { code: "file_too_large", problem: { limit: 100 } },
    });
    answer = ({ response }) => accept(response);
    queue.add([picture("third", 90)]);
    await until(() => expect(states()).toEqual(["failed", "failed", "done"]));
    expect(calls).toHaveLength(2);
  });

  it("for its size comes without the journey where the limit is known", async () => {
    const limit = 1024 * 1024;
    start({ maxBytes: limit }).add([picture("large", limit + 1), picture("just right", limit)]);
    await until(() => expect(states()).toEqual(["failed", "done"]));
    expect(queue.getUploads()[0]).toMatchObject({
      mayRetry: false,
      error: { detail: "The file is larger than 1 MiB. Make it smaller and send it again." },
    });
    expect(calls).toHaveLength(1);
  });

  it("because the session has ended may be sent again by hand only", async () => {
    answer = ({ response }) => refuse(response, 401, { code: "not_signed_in" });
    start().add([picture()]);
    await until(() => expect(only()).toMatchObject({ state: "failed", mayRetry: true }));
    expect(calls).toHaveLength(1);
  });
});

describe("a file that arrives late", () => {
  it("is told of those chosen after it that arrived before it", async () => {
    answer = () => {};
    const arrived = vi.fn();
    start({ parallel: 3 });
    queue.onUploaded = ({ image }, overtakenBy) => arrived(image.id, overtakenBy);
    queue.add([picture("first"), picture("second"), picture("third")]);
    await until(() => expect(calls).toHaveLength(3));
    const finish = async (name: string, id: number) => {
      const call = calls.find(({ body }) => body.includes(`filename="${name}"`));
      if (call) accept(call.response, { id });
      await until(() => expect(arrived.mock.lastCall?.[0]).toBe(id));
    };
    await finish("third", 3);
    await finish("first", 1);
    await finish("second", 2);
    expect(arrived.mock.calls).toEqual([
      [3, []],
      [1, [3]],
      [2, [3]],
    ]);
  });
});

describe("a file without an answer", () => {
  it("is sent again under the same key", async () => {
    answer = ({ request, response }) => {
      if (calls.length < 3) request.socket.destroy();
      else accept(response);
    };
    start().add([picture()]);
    await until(() => expect(states()).toEqual(["done"]));
    expect(calls).toHaveLength(3);
    expect(new Set(calls.map(({ key }) => key)).size).toBe(1);
    expect(calls[0]?.key).toMatch(/^[0-9a-f]{32}$/);
  });

  it("fails after the last try and can be sent again by hand, under the same key", async () => {
    answer = ({ request }) => request.socket.destroy();
    start().add([picture()]);
    await until(() =>
      expect(only()).toMatchObject({ state: "failed", mayRetry: true, error: { code: "network" } }),
    );
    expect(calls).toHaveLength(3);
    answer = ({ response }) => accept(response);
    queue.retry(only().id);
    await until(() => expect(states()).toEqual(["done"]));
    expect(new Set(calls.map(({ key }) => key)).size).toBe(1);
  });

  it("for too long counts as unanswered", async () => {
    answer = ({ response }) => {
      if (calls.length > 1) accept(response);
    };
    start({ patience: 60 }).add([picture()]);
    await until(() => expect(states()).toEqual(["done"]));
    expect(calls).toHaveLength(2);
  });

  it("waits for its pause, and not when the connection is back", async () => {
    answer = ({ request, response }) => {
      if (calls.length === 1) request.socket.destroy();
      else accept(response);
    };
    start({ pauses: [600_000] }).add([picture()]);
    await until(() =>
      expect(only()).toMatchObject({ state: "waiting", error: { code: "network" } }),
    );
    queue.hurry();
    await until(() => expect(states()).toEqual(["done"]));
  });

  it("lets others pass while it waits", async () => {
    answer = ({ request, response, body }) => {
      if (body.includes("first")) request.socket.destroy();
      else accept(response);
    };
    start({ parallel: 1, pauses: [600_000] }).add([picture("first"), picture("second")]);
    await until(() => expect(states()).toEqual(["waiting", "done"]));
  });

  it("is waited for as long as the server asks", async () => {
    answer = ({ response }) => refuse(response, 429, { code: "rate_limited", retry_after: 600 });
    start().add([picture()]);
    await until(() =>
      expect(only()).toMatchObject({ state: "waiting", error: { code: "rate_limited" } }),
    );
    answer = ({ response }) => accept(response);
    queue.hurry();
    await until(() => expect(states()).toEqual(["done"]));
  });
});

describe("a lost connection", () => {
  /** A server that is away until it is told to come back. */
  function startAway(options: Partial<UploadQueueOptions> = {}) {
    const line = { isThere: false, looks: 0 };
    answer = ({ request, response }) => {
      if (line.isThere) accept(response);
      else request.socket.destroy();
    };
    const probe = async () => {
      line.looks += 1;
      return line.isThere;
    };
    start({ probe, looks: [5], pauses: [5], ...options });
    return line;
  }

  it("costs no try, holds everything, and all goes on by itself", async () => {
    const line = startAway({ parallel: 1 });
    queue.add([picture("first"), picture("second")]);
    await until(() => expect(line.looks).toBeGreaterThan(4));
    expect(calls).toHaveLength(1);
    expect(queue.getUploads().map(({ error }) => error?.code)).toEqual(["network", "network"]);
    line.isThere = true;
    await until(() => expect(states()).toEqual(["done", "done"]));
    expect(calls).toHaveLength(3);
    expect(calls[0]?.key).toBe(calls[1]?.key);
  });

  it("that the browser knows of holds what is added, and is looked for at once when it is back", async () => {
    const line = startAway({ looks: [600_000] });
    queue.add([picture("first")]);
    await until(() => expect(line.looks).toBe(1));
    queue.add([picture("second")]);
    expect(states()).toEqual(["waiting", "waiting"]);
    line.isThere = true;
    queue.hurry();
    await until(() => expect(states()).toEqual(["done", "done"]));
    expect(line.looks).toBe(2);
  });

  it("is doubted first: nothing leaves until the server was found", async () => {
    const line = startAway();
    line.isThere = true;
    answer = () => {};
    queue.add([picture("first")]);
    queue.doubt();
    queue.add([picture("second")]);
    expect(states()).toEqual(["sending", "waiting"]);
    await until(() => expect(states()).toEqual(["sending", "sending"]));
  });

  it("is not blamed for a request that is lost while the server is there: that costs a try", async () => {
    const line = startAway();
    line.isThere = true;
    answer = ({ request }) => request.socket.destroy();
    queue.add([picture()]);
    await until(() =>
      expect(only()).toMatchObject({ state: "failed", mayRetry: true, error: { code: "network" } }),
    );
    expect(calls).toHaveLength(2);
  });
});

describe("a server that has had too many", () => {
  it("is left alone by all files for as long as it asks, and no try is counted", async () => {
    answer = ({ response }) =>
      calls.length > 3
        ? accept(response)
        : refuse(response, 429, { code: "rate_limited", retry_after: 0 });
    start({ pauses: [], parallel: 1 }).add([picture("first"), picture("second")]);
    await until(() => expect(states()).toEqual(["done", "done"]));
    expect(calls).toHaveLength(5);
  });

  it("holds files that have not been sent yet", async () => {
    answer = ({ response }) => refuse(response, 429, { code: "rate_limited", retry_after: 600 });
    start({ parallel: 1 }).add([picture("first"), picture("second")]);
    await until(() => expect(only()).toMatchObject({ error: { code: "rate_limited" } }));
    expect(states()).toEqual(["waiting", "waiting"]);
    expect(calls).toHaveLength(1);
  });
});

describe("a file that is looked at first", () => {
  const refusal = tooManyPixels(5000, 4000, 4096);

  it("is refused before anything is sent, and the others go on", async () => {
    const check = async ({ name }: File): Promise<Finding | null> =>
      name === "bad" ? { refusal, mayResize: false, note: "It moves." } : null;
    start({ check }).add([picture("bad"), picture("good")]);
    await until(() => expect(states()).toEqual(["failed", "done"]));
    expect(only()).toMatchObject({ error: refusal, note: "It moves.", mayRetry: false });
    expect(calls).toHaveLength(1);
  });

  it("that cannot be looked at is sent: the server says what it is", async () => {
    const check = () => Promise.reject(new Error("The disk is gone."));
    start({ check }).add([picture()]);
    await until(() => expect(states()).toEqual(["done"]));
  });

  it("and is cancelled meanwhile is not sent", async () => {
    let finish = (_: null) => {};
    const check = () => new Promise<null>((resolve) => (finish = resolve));
    start({ check }).add([picture("first"), picture("second")]);
    queue.cancel(only().id);
    finish(null);
    await until(() => expect(queue.getUploads()).toHaveLength(1));
    expect(queue.getUploads()[0]?.file.name).toBe("second");
    expect(calls).toHaveLength(0);
  });
});

describe("a file that is too large", () => {
  const check = async ({ size }: File): Promise<Finding | null> =>
    size > 100 ? { refusal: tooLarge(100), mayResize: true, note: null } : null;

  it("is resized when that is wanted, and sent as another file", async () => {
    start({ check, resize: async () => picture("smaller.jpg", 50) }).add([picture("large", 200)]);
    await until(() => expect(only()).toMatchObject({ state: "failed", mayResize: true }));
    queue.resize(only().id);
    expect(only()).toMatchObject({ state: "resizing", mayResize: false });
    await until(() => expect(states()).toEqual(["done"]));
    expect(calls[0]?.body).toContain('filename="smaller.jpg"');
  });

  it("is resized alone, one after the other, while others are sent", async () => {
    let open = 0;
    let most = 0;
    const finish: Array<() => void> = [];
    const resize = async () => {
      most = Math.max(most, ++open);
      await new Promise<void>((resolve) => finish.push(resolve));
      open -= 1;
      return picture("smaller.jpg", 50);
    };
    start({ check, resize }).add([picture("a", 200), picture("b", 200), picture("c", 20)]);
    await until(() => expect(states()).toEqual(["failed", "failed", "done"]));
    queue.resizeAll();
    expect(states()).toEqual(["resizing", "resizing", "done"]);
    for (let count = 1; count <= 2; count++) {
      await until(() => expect(finish).toHaveLength(count));
      finish[count - 1]?.();
    }
    await until(() => expect(states()).toEqual(["done", "done", "done"]));
    expect(most).toBe(1);
  });

  it("and cannot be made to fit says so, once", async () => {
    const reason = new ApiError({ status: 413, code: "cannot_fit", detail: "It stays too large." });
    start({ check, resize: () => Promise.reject(reason) }).add([picture("large", 200)]);
    await until(() => expect(states()).toEqual(["failed"]));
    queue.resize(only().id);
    await until(() =>
      expect(only()).toMatchObject({ state: "failed", error: reason, mayResize: false }),
    );
  });

  it("ends its resizing when it is cancelled", async () => {
    let given: AbortSignal | undefined;
    const resize = (_: File, signal: AbortSignal) => {
      given = signal;
      return new Promise<File>((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    };
    start({ check, resize }).add([picture("large", 200)]);
    await until(() => expect(states()).toEqual(["failed"]));
    queue.resize(only().id);
    queue.cancel(only().id);
    expect(given?.aborted).toBe(true);
    expect(queue.getUploads()).toEqual([]);
    expect(calls).toHaveLength(0);
  });
});

describe("trying all again", () => {
  it("sends what could end differently, and nothing else", async () => {
    answer = ({ body, response, request }) => {
      if (body.includes("bad")) refuse(response, 415, { code: "unsupported_image_type" });
      else request.socket.destroy();
    };
    start({ pauses: [] }).add([picture("bad"), picture("lost")]);
    await until(() => expect(states()).toEqual(["failed", "failed"]));
    answer = ({ response }) => accept(response);
    queue.retryAll();
    await until(() => expect(states()).toEqual(["failed", "done"]));
  });
});

describe("cancelling", () => {
  it("ends the request, leaves the list and makes room for the next", async () => {
    answer = () => {};
    start({ parallel: 1 }).add([picture("first"), picture("second")]);
    await until(() => expect(calls).toHaveLength(1));
    queue.cancel(only().id);
    expect(queue.getUploads().map(({ file }) => file.name)).toEqual(["second"]);
    await until(() => expect(calls[0]?.isGone).toBe(true));
    await until(() => expect(calls).toHaveLength(2));
  });

  it("of everything keeps what has arrived", async () => {
    answer = ({ body, response }) => {
      if (body.includes("first")) accept(response);
    };
    start().add([picture("first"), picture("second"), picture("third")]);
    await until(() => expect(states()).toEqual(["done", "sending", "sending"]));
    queue.cancelAll();
    expect(states()).toEqual(["done"]);
  });

  it("by leaving the page ends every request and tries nothing again", async () => {
    answer = () => {};
    start().add([picture("first"), picture("second")]);
    await until(() => expect(calls).toHaveLength(2));
    queue.abandon();
    await until(() => expect(calls.every(({ isGone }) => isGone)).toBe(true));
    expect(queue.getUploads()).toEqual([]);
  });
});

describe("listening", () => {
  it("tells of every change with a new list, and of nothing after it was stopped", async () => {
    const seen: Array<readonly Upload[]> = [];
    start();
    const stop = queue.subscribe(() => seen.push(queue.getUploads()));
    queue.add([picture()]);
    await until(() => expect(states()).toEqual(["done"]));
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.at(-1)).toBe(queue.getUploads());
    stop();
    const before = seen.length;
    queue.clear();
    expect(queue.getUploads()).toEqual([]);
    expect(seen).toHaveLength(before);
  });
});
