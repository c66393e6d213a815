import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import zlib from "node:zlib";
import type { Refusal } from "../../src/errors.ts";
import type { HttpHead, Sink } from "../../src/http.ts";
import type { Timeouts } from "../../src/step.ts";
import { createUpstream, type Upstream, type UpstreamFlow } from "../../src/upstream/upstream.ts";
import { createFakeClock } from "../doubles/clock.ts";

const patient: Timeouts = { connect: 60_000, firstByte: 60_000, idle: 60_000 };
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** A sink that writes down what it hears, and tells when something happens. */
function listen(accept: (bytes: Uint8Array) => boolean = () => true) {
  const heard: string[] = [];
  const pieces: Uint8Array[] = [];
  let head: HttpHead | undefined;
  let failure: Refusal | undefined;
  let wake = () => {};
  const note = (what: string) => {
    heard.push(what);
    wake();
  };
  const sink: Sink = {
    head(given) {
      head = given;
      note("head");
    },
    data(bytes) {
      pieces.push(bytes);
      const more = accept(bytes);
      note("data");
      return more;
    },
    end: () => note("end"),
    fail(cause) {
      failure = cause as Refusal;
      note("fail");
    },
  };
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return {
    sink,
    heard,
    pieces,
    until,
    over: () => until(() => heard.includes("end") || heard.includes("fail")),
    text: () => text(Buffer.concat(pieces)),
    get head() {
      return head;
    },
    get failure() {
      return failure;
    },
  };
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(server: net.Server): Promise<string> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket.on("error", () => {}).on("close", () => sockets.delete(socket)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}
const serveHttp = (handler: http.RequestListener): Promise<string> => serve(http.createServer(handler));
/** Answers every connection with raw bytes as soon as a request came. */
const serveRaw = (answer: (socket: net.Socket) => void): Promise<string> =>
  serve(net.createServer((socket) => void socket.once("data", () => answer(socket))));

function setUp() {
  const clock = createFakeClock();
  const upstream: Upstream = createUpstream({ clock });
  closers.push(() => upstream.destroy());
  const send = (
    origin: string,
    to: Sink,
    options: { timeouts?: Timeouts; method?: string; url?: string; headers?: Record<string, string> } = {},
  ): UpstreamFlow =>
    upstream.exchange({ baseUrl: `${origin}/v1`, timeouts: options.timeouts ?? patient })(
      {
        method: options.method ?? "POST",
        url: options.url ?? `${origin}/v1/chat`,
        headers: { "content-type": "application/json", ...options.headers },
        body: options.method === undefined ? Buffer.from('{"a":1}') : new Uint8Array(0),
      },
      to,
    );
  const exchange = async (origin: string, options?: Parameters<typeof send>[2]) => {
    const answer = listen();
    const flow = send(origin, answer.sink, options);
    expect(answer.heard).toEqual([]);
    await answer.over();
    return Object.assign(answer, { flow });
  };
  return { clock, upstream, send, exchange };
}

describe("an exchange with a provider", () => {
  it("sends the request as it is and hands out head, bytes and end", async () => {
    let seen: { method?: string; url?: string; headers: http.IncomingHttpHeaders; body: string } | undefined;
    const origin = await serveHttp(async (request, response) => {
      const chunks = await request.toArray();
      const { method = "", url = "", headers } = request;
      seen = { method, url, headers, body: Buffer.concat(chunks).toString() };
      response.writeHead(201, { "x-request-id": "7", "set-cookie": ["a=1", "b=2"] }).end("done");
    });
    const { exchange } = setUp();
    const answer = await exchange(origin, { headers: { host: "elsewhere.example", authorization: "Bearer k" } });
    expect(seen).toMatchObject({ method: "POST", url: "/v1/chat", body: '{"a":1}' });
    expect(seen?.headers).toMatchObject({ authorization: "Bearer k", "content-length": "7", host: origin.slice(7) });
    expect(answer.head).toMatchObject({ status: 201, headers: { "x-request-id": "7", "set-cookie": ["a=1", "b=2"] } });
    expect(answer.heard).toEqual(["head", "data", "end"]);
    expect(answer.text()).toBe("done");
    expect(answer.flow.sent).toBe(true);
  });

  it("takes a path at the endpoint's origin, and no other origin", async () => {
    const origin = await serveHttp((request, response) => void response.end(request.url));
    const { exchange, send } = setUp();
    expect((await exchange(origin, { url: "/v1/models?limit=2" })).text()).toBe("/v1/models?limit=2");
    for (const url of [`${origin}.evil.example/v1/chat`, "http://evil.example/v1/chat", "v1/chat"]) {
      expect(() => send(origin, listen().sink, { url })).toThrow("origin");
    }
  });

  it("hands out each chunk before the next one is sent", async () => {
    let response: http.ServerResponse | undefined;
    const origin = await serveHttp((_request, given) => {
      response = given;
      given.write("0");
    });
    const { send } = setUp();
    const answer = listen();
    send(origin, answer.sink);
    for (let round = 0; round < 4; round++) {
      await answer.until(() => answer.text().endsWith(`${round}`));
      response?.write(`${round + 1}`);
    }
    response?.end();
    await answer.over();
    expect(answer.text()).toBe("01234");
  });

  it("keeps a connection for the next request", async () => {
    let connections = 0;
    const server = http.createServer((_request, response) => void response.end("x"));
    server.on("connection", () => connections++);
    const origin = await serve(server);
    const { exchange } = setUp();
    for (let round = 0; round < 3; round++) {
      expect((await exchange(origin)).heard.at(-1)).toBe("end");
      // A connection is free one turn of the event loop after its answer.
      await new Promise(setImmediate);
    }
    expect(connections).toBe(1);
  });

  it("never follows a redirect", async () => {
    const visited: (string | undefined)[] = [];
    const origin = await serveHttp((request, response) => {
      visited.push(request.url);
      response.writeHead(307, { location: "/v1/elsewhere" }).end();
    });
    const { exchange } = setUp();
    const answer = await exchange(origin);
    expect(answer.head?.status).toBe(307);
    expect(answer.heard).toEqual(["head", "end"]);
    expect(visited).toEqual(["/v1/chat"]);
  });

  it("drops interim answers and trailers", async () => {
    const origin = await serveRaw((socket) => {
      socket.write("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n");
      socket.write(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n2\r\nhi\r\n0\r\nx-sum: 9\r\n\r\n",
      );
    });
    const { exchange } = setUp();
    const answer = await exchange(origin);
    expect(answer.head?.status).toBe(200);
    expect(answer.heard).toEqual(["head", "data", "end"]);
    expect(answer.text()).toBe("hi");
  });

  it.each([
    ["HEAD", 200],
    ["GET", 204],
    ["GET", 304],
  ])("ends an answer to %s with status %d that has no body", async (method, status) => {
    const origin = await serveHttp((_request, response) => {
      response.writeHead(status, { "content-encoding": "gzip" }).end();
    });
    const { exchange } = setUp();
    const answer = await exchange(origin, { method });
    expect(answer.heard).toEqual(["head", "end"]);
    expect(answer.head?.status).toBe(status);
  });

  it("reads an answer that the closing of the connection ends", async () => {
    const origin = await serveRaw((socket) => void socket.end("HTTP/1.1 200 OK\r\n\r\nuntil the end"));
    const { exchange } = setUp();
    const answer = await exchange(origin);
    expect(answer.text()).toBe("until the end");
    expect(answer.heard.at(-1)).toBe("end");
  });
});

describe("what goes wrong", () => {
  const fails = (answer: ReturnType<typeof listen>, code: string, detail: object = {}) => {
    expect(answer.heard.filter((what) => what === "end" || what === "fail")).toEqual(["fail"]);
    expect(answer.failure).toMatchObject({ name: "Refusal", code, detail });
  };

  it("is upstream_unreachable where nobody listens", async () => {
    const server = net.createServer();
    const origin = await serve(server);
    await closers.pop()?.();
    const { exchange } = setUp();
    const answer = await exchange(origin);
    fails(answer, "upstream_unreachable", { cause: "ECONNREFUSED" });
    expect(answer.flow.sent).toBe(false);
  });

  it("is upstream_unreachable where the name has no address", async () => {
    const { exchange } = setUp();
    fails(await exchange("http://no-such-host.invalid"), "upstream_unreachable");
  });

  it("is upstream_unreachable where TLS cannot be agreed on", async () => {
    const origin = await serve(net.createServer((socket) => void socket.end("not TLS")));
    const { exchange } = setUp();
    const answer = await exchange(origin.replace("http:", "https:"));
    fails(answer, "upstream_unreachable");
    expect(JSON.stringify(answer.failure?.detail)).not.toContain("127.0.0.1");
  });

  it("is upstream_broken when the connection is reset before the head", async () => {
    const origin = await serveRaw((socket) => void socket.resetAndDestroy());
    const { exchange } = setUp();
    const answer = await exchange(origin);
    fails(answer, "upstream_broken");
    expect(answer.heard).toEqual(["fail"]);
    expect(answer.flow.sent).toBe(true);
  });

  it.each([
    ["content-length", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"],
    ["chunks", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"],
    [
      "chunks and no keep-alive",
      "HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ],
  ])("is upstream_broken when the connection closes before the end of its %s", async (_framing, bytes) => {
    const origin = await serveRaw((socket) => void socket.end(bytes));
    const { exchange } = setUp();
    const answer = await exchange(origin);
    fails(answer, "upstream_broken");
    expect(answer.heard).toEqual(["head", "data", "fail"]);
  });

  it("is upstream_broken when the connection is reset in the body", async () => {
    const origin = await serveRaw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", () =>
        setImmediate(() => socket.resetAndDestroy()),
      );
    });
    const { exchange } = setUp();
    fails(await exchange(origin), "upstream_broken");
  });

  it.each([
    ["no HTTP", "SSH-2.0-OpenSSH_9.9\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"],
    [
      "length and chunks",
      "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    ],
    ["a header bomb", `HTTP/1.1 200 OK\r\n${"x-bomb: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(2_000)}\r\n`],
  ])("is upstream_invalid for %s", async (_what, bytes) => {
    const origin = await serveRaw((socket) => void socket.write(bytes));
    const { exchange } = setUp();
    const answer = await exchange(origin);
    fails(answer, "upstream_invalid");
    expect(answer.failure?.message).not.toMatch(/HTTP\/1.1|bomb|SSH/);
  });

  it("survives headers named like members of Object", async () => {
    const origin = await serveRaw((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nconstructor: x\r\n__proto__: y\r\ncontent-length: 1\r\n\r\na");
    });
    const { exchange } = setUp();
    expect((await exchange(origin)).heard.at(-1)).toBe("end");
  });

  it("is draining after close, and what runs may end", async () => {
    let response: http.ServerResponse | undefined;
    const origin = await serveHttp((_request, given) => {
      response = given;
      given.write("a");
    });
    const { send, exchange, upstream } = setUp();
    const running = listen();
    send(origin, running.sink);
    await running.until(() => running.pieces.length > 0);
    const closed = upstream.close();
    const late = await exchange(origin);
    fails(late, "draining");
    response?.end("z");
    await running.over();
    await closed;
    expect(running.text()).toBe("az");
    expect(running.heard.at(-1)).toBe("end");
  });
});

describe("timeouts", () => {
  const timeouts: Timeouts = { connect: 100, firstByte: 1_000, idle: 300 };
  const timedOut = (answer: ReturnType<typeof listen>, phase: string) => {
    expect(answer.heard.at(-1)).toBe("fail");
    expect(answer.failure).toMatchObject({ code: "upstream_timeout", detail: { phase } });
  };

  it("end the wait for a connection", async () => {
    // TLS that is never answered: connected for TCP, not for us.
    const origin = await serve(net.createServer(() => {}));
    const { clock, send } = setUp();
    const answer = listen();
    const flow = send(origin.replace("http:", "https:"), answer.sink, { timeouts });
    clock.advance(99);
    expect(answer.heard).toEqual([]);
    clock.advance(1);
    timedOut(answer, "connect");
    expect(flow.sent).toBe(false);
    expect(clock.pending).toBe(0);
  });

  it("end the wait for the first byte, status line and head included", async () => {
    let closed: Promise<unknown> | undefined;
    const origin = await serveHttp((request, response) => {
      closed = once(request.socket, "close");
      response.flushHeaders();
    });
    const { clock, send } = setUp();
    const answer = listen();
    send(origin, answer.sink, { timeouts });
    await answer.until(() => answer.head !== undefined);
    clock.advance(999);
    expect(answer.heard).toEqual(["head"]);
    clock.advance(1);
    timedOut(answer, "first_byte");
    await closed;
  });

  it("end a silence between two chunks, however many came before", async () => {
    let response: http.ServerResponse | undefined;
    const origin = await serveHttp((_request, given) => {
      response = given;
      given.write("0");
    });
    const { clock, send } = setUp();
    const answer = listen();
    send(origin, answer.sink, { timeouts });
    for (let round = 1; round <= 10; round++) {
      await answer.until(() => answer.pieces.length === round);
      clock.advance(299);
      response?.write(`${round}`);
    }
    await answer.until(() => answer.pieces.length === 11);
    clock.advance(299);
    expect(answer.heard.at(-1)).toBe("data");
    clock.advance(1);
    timedOut(answer, "idle");
    expect(clock.pending).toBe(0);
  });

  it("do not count the time in which the caller would not read", async () => {
    const origin = await serveHttp((_request, response) => void response.write("a"));
    const { clock, send } = setUp();
    const answer = listen(() => false);
    const flow = send(origin, answer.sink, { timeouts });
    await answer.until(() => answer.pieces.length === 1);
    clock.advance(100_000);
    expect(answer.heard).toEqual(["head", "data"]);
    flow.resume();
    clock.advance(299);
    expect(answer.heard).toEqual(["head", "data"]);
    clock.advance(1);
    timedOut(answer, "idle");
  });

  it("leave no timer behind a call that ended", async () => {
    const origin = await serveHttp((_request, response) => void response.end("a"));
    const { clock, exchange } = setUp();
    await exchange(origin, { timeouts });
    expect(clock.pending).toBe(0);
  });
});

describe("abort", () => {
  it("closes the connection before the provider's next chunk, and silences the sink", async () => {
    let closed: Promise<unknown> | undefined;
    const origin = await serveHttp((_request, response) => {
      closed = once(response, "close");
      response.write("a");
    });
    const { clock, send } = setUp();
    const answer = listen();
    const flow = send(origin, answer.sink);
    await answer.until(() => answer.pieces.length === 1);
    flow.abort(new Error("gone"));
    await closed;
    expect(answer.heard).toEqual(["head", "data"]);
    expect(clock.pending).toBe(0);
  });

  it("before the connection stands lets nothing be sent", async () => {
    const requests: unknown[] = [];
    const server = http.createServer((request, response) => {
      requests.push(request.url);
      response.end();
    });
    const origin = await serve(server);
    const { send, exchange } = setUp();
    const answer = listen();
    const flow = send(origin, answer.sink);
    flow.abort(new Error("gone"));
    await exchange(origin, { url: "/v1/second" });
    expect(requests).toEqual(["/v1/second"]);
    expect(flow.sent).toBe(false);
    expect(answer.heard).toEqual([]);
  });

  it("out of the sink's own callback is safe, and nothing follows", async () => {
    const origin = await serveHttp((_request, response) => void response.end("abc"));
    const { send, exchange } = setUp();
    const answer = listen(() => {
      flow.abort(new Error("enough"));
      return true;
    });
    const flow = send(origin, answer.sink);
    await answer.until(() => answer.pieces.length === 1);
    await exchange(origin);
    expect(answer.heard).toEqual(["head", "data"]);
  });
});

describe("back-pressure", () => {
  it.each(["identity", "gzip"])("of a sink that says false stops the provider (%s)", async (encoding) => {
    const piece = Buffer.alloc(65_536, 1);
    const total = 32 * 1_048_576;
    let written = 0;
    let stalled: () => void = () => {};
    const stall = new Promise<void>((resolve) => {
      stalled = resolve;
    });
    const origin = await serveHttp((_request, response) => {
      response.writeHead(200, encoding === "gzip" ? { "content-encoding": "gzip" } : {});
      const out = encoding === "gzip" ? zlib.createGzip({ level: 0 }) : response;
      if (out !== response) out.pipe(response);
      const pump = () => {
        while (written < total) {
          written += piece.length;
          if (out.write(piece)) continue;
          const timer = setTimeout(stalled, 200);
          out.once("drain", () => {
            clearTimeout(timer);
            pump();
          });
          return;
        }
        out.end();
      };
      pump();
    });
    const { send } = setUp();
    let reading = false;
    let size = 0;
    const answer = listen((bytes) => {
      size += bytes.length;
      return reading;
    });
    const flow = send(origin, answer.sink);
    await stall;
    expect(answer.pieces).toHaveLength(1);
    expect(written).toBeLessThan(total / 2);
    reading = true;
    flow.resume();
    await answer.over();
    expect(answer.heard.at(-1)).toBe("end");
    expect(size).toBe(total);
  });

  it("of one exchange may be lifted from within another's callback", async () => {
    const origin = await serveHttp((_request, response) => void response.end("x".repeat(300_000)));
    const { send } = setUp();
    const slow = listen(() => false);
    const slowFlow = send(origin, slow.sink);
    await slow.until(() => slow.pieces.length === 1);
    const quick = listen(() => {
      slowFlow.resume();
      return true;
    });
    send(origin, quick.sink);
    await quick.over();
    expect(quick.heard.at(-1)).toBe("end");
    await slow.until(() => slow.pieces.length > 1);
  });
});

type Encoder = readonly [encoding: string, make: () => zlib.Zlib & NodeJS.ReadWriteStream];
const { createZstdCompress } = zlib as { createZstdCompress?: typeof zlib.createGzip };
// Node 22 has zstd too, but does not notice when its input ends early.
const zstd = createZstdCompress && Number.parseInt(process.versions.node, 10) >= 24 ? createZstdCompress : undefined;
const encoders: readonly Encoder[] = [
  ["gzip", () => zlib.createGzip()],
  ["x-gzip", () => zlib.createGzip()],
  ["deflate", () => zlib.createDeflate()],
  ["deflate", () => zlib.createDeflateRaw()],
  ["br", () => zlib.createBrotliCompress()],
  ...(zstd === undefined ? [] : [["zstd", () => zstd()] as const]),
];

describe("content-encodings", () => {
  it.each(encoders)("%s: every event comes out before the next is sent, split anywhere", async (encoding, make) => {
    let say: (text: string) => void = () => {};
    const origin = await serveHttp((_request, response) => {
      response.writeHead(200, { "content-encoding": encoding, "content-type": "text/event-stream" });
      const encoder = make();
      encoder.on("data", (bytes: Buffer) => {
        for (const byte of bytes) response.write(Buffer.of(byte));
      });
      encoder.on("end", () => response.end());
      say = (event) => {
        if (event === "") encoder.end();
        else {
          encoder.write(event);
          encoder.flush();
        }
      };
      say("data: 0\n\n");
    });
    const { send } = setUp();
    const answer = listen();
    send(origin, answer.sink);
    for (let round = 0; round < 5; round++) {
      await answer.until(() => answer.text().endsWith(`data: ${round}\n\n`));
      say(round < 4 ? `data: ${round + 1}\n\n` : "");
    }
    await answer.over();
    expect(answer.heard.at(-1)).toBe("end");
    expect(answer.text()).toBe([0, 1, 2, 3, 4].map((round) => `data: ${round}\n\n`).join(""));
    expect(answer.head?.headers).not.toHaveProperty("content-encoding");
    expect(answer.head?.headers).toHaveProperty("content-type", "text/event-stream");
  });

  it.each(encoders)("%s: an answer that is cut short is broken, after what had come", async (encoding, make) => {
    const whole = await new Promise<Buffer>((resolve) => {
      const chunks: Buffer[] = [];
      const encoder = make();
      encoder.on("data", (chunk: Buffer) => void chunks.push(chunk));
      encoder.on("end", () => resolve(Buffer.concat(chunks)));
      encoder.write("first ");
      encoder.flush(() => encoder.end("second"));
    });
    const cut = whole.subarray(0, whole.length - 5);
    const origin = await serveHttp((_request, response) => {
      response.writeHead(200, { "content-encoding": encoding, "content-length": cut.length }).end(cut);
    });
    const { exchange } = setUp();
    const answer = await exchange(origin);
    expect(answer.failure).toMatchObject({ code: "upstream_broken" });
    expect(answer.text()).toMatch(/^first /);
    expect(answer.head?.headers).not.toHaveProperty("content-length");
  });

  it("hands out what was decoded before the connection broke", async () => {
    const origin = await serveHttp((_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" });
      const encoder = zlib.createGzip();
      encoder.on("data", (chunk: Buffer) => response.write(chunk));
      encoder.write("first");
      encoder.flush(() => response.write("", () => setImmediate(() => response.socket?.destroy())));
    });
    const { exchange } = setUp();
    const answer = await exchange(origin);
    expect(answer.failure).toMatchObject({ code: "upstream_broken" });
    expect(answer.text()).toBe("first");
  });

  it.each(["gzip", "deflate", "br"])("%s that is corrupt is invalid", async (encoding) => {
    const origin = await serveHttp((_request, response) => {
      response.writeHead(200, { "content-encoding": encoding }).end(Buffer.alloc(200, 0xff));
    });
    const { exchange } = setUp();
    expect((await exchange(origin)).failure).toMatchObject({ code: "upstream_invalid" });
  });

  it.each(["compress", "gzip, br", "aes128gcm", ...(zstd === undefined ? ["zstd"] : [])])(
    "%s is refused before the head",
    async (encoding) => {
      const origin = await serveHttp((_request, response) => {
        response.writeHead(200, { "content-encoding": encoding }).end("??");
      });
      const { exchange } = setUp();
      const answer = await exchange(origin);
      expect(answer.heard).toEqual(["fail"]);
      expect(answer.failure).toMatchObject({ code: "upstream_invalid" });
    },
  );

  it("a bomb is decoded no faster than it is read", async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(64 * 1_048_576));
    const origin = await serveHttp((_request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(bomb);
    });
    const { send } = setUp();
    let size = 0;
    const answer = listen((bytes) => {
      size += bytes.length;
      return false;
    });
    const flow = send(origin, answer.sink);
    for (let round = 1; round <= 5; round++) {
      await answer.until(() => answer.pieces.length === round);
      flow.resume();
    }
    await answer.until(() => answer.pieces.length === 6);
    expect(size).toBeLessThan(1_048_576);
    flow.abort(new Error("too large"));
    expect(answer.heard).not.toContain("fail");
  });
});
