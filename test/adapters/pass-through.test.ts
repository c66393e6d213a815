import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  createServer,
  type IncomingMessage,
  request as open,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { createProxyMiddleware } from "http-proxy-middleware";
import { createProxyMiddleware as createProxyMiddleware4 } from "http-proxy-middleware4";
import Koa from "koa";
import { postern } from "../../adapters/express.ts";
import { postern as koaPostern } from "../../adapters/koa.ts";
import { toNodeHandler, toUpgradeHandler } from "../../adapters/node.ts";
import { postern as proxyOptions } from "../../adapters/proxy/proxy.ts";
import { withHealth } from "../../adapters/sidecar/sidecar.ts";
import { type ConfigInput, createGateway, type Gateway, hashKey, type Receipt, silent } from "../../src/index.ts";
import { until } from "./scene.ts";

type Upgrade = (request: IncomingMessage, socket: never, head: Buffer) => void;
interface Host {
  readonly listener: RequestListener;
  readonly upgrade: Upgrade;
}

const proxied =
  (make: (options: object) => unknown) =>
  (gateway: Gateway): Host => {
    const proxy = make(proxyOptions(gateway)) as RequestListener & { upgrade: Upgrade };
    const server = { listener: proxy, upgrade: proxy.upgrade };
    return server;
  };
const plain =
  (listener: (gateway: Gateway) => RequestListener) =>
  (gateway: Gateway): Host => ({
    listener: listener(gateway),
    upgrade: toUpgradeHandler(gateway) as Upgrade,
  });

const hosts: readonly (readonly [string, (gateway: Gateway) => Host])[] = [
  ["node:http", plain((gateway) => toNodeHandler(gateway))],
  ["Express", plain((gateway) => express().use(express.json(), postern(gateway)) as RequestListener)],
  ["Koa", plain((gateway) => Object.assign(new Koa(), { silent: true }).use(koaPostern(gateway)).callback())],
  ["the sidecar", plain((gateway) => withHealth(gateway, { draining: false }))],
  ["http-proxy-middleware 3", proxied((options) => createProxyMiddleware(options))],
  ["http-proxy-middleware 4", proxied((options) => createProxyMiddleware4(options))],
];

interface Seen {
  readonly request: IncomingMessage;
  readonly body: Buffer;
}

type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

const listen = async (server: Server): Promise<number> => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
};

/** A provider that keeps every byte, and speaks WebSocket as far as it takes to echo. */
async function startProvider() {
  const seen: Seen[] = [];
  const sockets: { request: IncomingMessage; closed: boolean }[] = [];
  let answer: Answer = (_request, response) =>
    response.setHeader("content-type", "application/json").end('{"id":"file-1"}');
  let early: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  const server = createServer(async (request, response) => {
    if (early?.(request, response)) return;
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request) pieces.push(piece as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(pieces);
    seen.push({ request, body });
    answer(request, response, body);
  });
  let upgrade: Upgrade = (request, socket: never, head) => {
    const wire = socket as import("node:net").Socket;
    const entry = { request, closed: false };
    sockets.push(entry);
    wire.on("close", () => Object.assign(entry, { closed: true })).on("error", () => {});
    const accept = createHash("sha1").update(
      `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`,
    );
    wire.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nset-cookie: a=b\r\nopenai-organization: org-1\r\nsec-websocket-accept: ${accept.digest("base64")}\r\n\r\n`,
    );
    if (head.length > 0) wire.write(head);
    wire.pipe(wire);
  };
  server.on("upgrade", (request, socket, head) => upgrade(request, socket as never, head));
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    sockets,
    answers: (next: Answer) => {
      answer = next;
    },
    answersEarly: (next: typeof early) => {
      early = next;
    },
    upgrades: (next: Upgrade) => {
      upgrade = next;
    },
    async close() {
      server.closeAllConnections();
      for (const { request } of sockets) request.socket.destroy();
      server.close();
    },
  };
}

const listed = [
  "/v1/files",
  "/v1/images",
  { path: "/v1/realtime", target: "first" },
  { path: "/v1/batches", keys: ["limited"] },
];

const configOf = (url: string): ConfigInput => ({
  targets: {
    first: { provider: "openai", apiKey: "sk-operator", baseUrl: `${url}/first/v1`, headers: { "x-house": "1" } },
    claude: { provider: "anthropic", apiKey: "sk-claude", baseUrl: `${url}/claude/v1`, region: "eu" },
  },
  access: {
    keys: [
      { id: "web", hash: hashKey("psk_web"), team: "search" },
      { id: "slow", hash: hashKey("psk_slow"), requestsPerMinute: 1 },
      { id: "limited", hash: hashKey("psk_limited"), models: ["gpt-5-mini"] },
      { id: "eu", hash: hashKey("psk_eu"), region: "eu" },
    ],
  },
  passThrough: listed,
});

describe.each(hosts)("pass-through on %s", (name, hostOf) => {
  let provider: Awaited<ReturnType<typeof startProvider>>;
  let gateway: Gateway;
  let server: Server;
  let port = 0;
  let receipts: Receipt[] = [];

  const start = async (overrides: ConfigInput = {}) => {
    provider = await startProvider();
    receipts = [];
    const watch = { name: "receipts", open: () => ({ settle: (receipt: Receipt) => void receipts.push(receipt) }) };
    const config = { ...configOf(provider.url), ...overrides };
    gateway = createGateway(config, { log: silent, steps: [{ after: "tracing", step: watch }] });
    await gateway.ready;
    const { listener, upgrade } = hostOf(gateway);
    server = createServer(listener);
    server.on("upgrade", upgrade as never);
    port = await listen(server);
  };
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await gateway.close(100);
    await provider.close();
  });

  const ask = (path: string, options: { method?: string; headers?: object; body?: Buffer | string } = {}) => {
    const { method = "POST", headers = {}, body = "" } = options;
    const request = open({
      port,
      path,
      method,
      agent: false,
      headers: { authorization: "Bearer psk_web", ...headers },
    });
    request.on("error", () => {});
    request.end(body);
    return request;
  };
  const got = async (request: ReturnType<typeof ask>) => {
    const [response] = (await once(request, "response")) as [IncomingMessage];
    const pieces: Buffer[] = [];
    for await (const piece of response) pieces.push(piece);
    return { status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces) };
  };

  /** Red when a byte of an upload or of a download is changed. */
  it("a multipart upload and its answer, byte for byte", async () => {
    await start();
    const file = randomBytes(3_000_000);
    const answer = randomBytes(2_000_000);
    provider.answers((_request, response) =>
      response.writeHead(200, { "content-type": "image/png", etag: "x" }).end(answer),
    );
    const head = '--b\r\ncontent-disposition: form-data; name="file"; filename="maria.lopez@example.com"\r\n\r\n';
    const body = Buffer.concat([Buffer.from(head), file, Buffer.from("\r\n--b--\r\n")]);
    const headers = { "content-type": "multipart/form-data; boundary=b", "content-length": String(body.length) };
    const { status, headers: told, body: came } = await got(ask("/v1/files?purpose=batch", { headers, body }));
    expect([status, told["content-type"], told.etag, came.equals(answer)]).toEqual([200, "image/png", "x", true]);
    const [seen] = provider.seen;
    expect(seen?.request.url).toBe("/first/v1/files?purpose=batch");
    expect(seen?.request.headers["content-type"]).toBe("multipart/form-data; boundary=b");
    expect(seen?.body.equals(body)).toBe(true);
    await until(() => receipts.length === 1);
    expect(receipts[0]).toMatchObject({
      outcome: "answered",
      operation: "pass_through",
      status: 200,
      key: "web",
      target: "first",
      cost: 0n,
    });
    expect(told["x-postern-call-id"]).toBe(receipts[0]?.id);
    expect((await gateway.records())[0]?.receipt).toMatchObject({
      operation: "pass_through",
      attributes: { team: "search" },
    });
  });

  it("a body of unknown length, and one that was parsed before us", async () => {
    await start();
    const request = open({
      port,
      path: "/v1/files",
      method: "POST",
      agent: false,
      headers: { authorization: "Bearer psk_web", "content-type": "text/plain" },
    });
    request.write("one, ");
    request.end("two");
    expect((await got(request)).status).toBe(200);
    expect(provider.seen[0]?.body.toString()).toBe("one, two");
    const json = JSON.stringify({ a: [1, "é"] });
    const headers = { "content-type": "application/json", "content-length": String(Buffer.byteLength(json)) };
    await got(ask("/v1/images/generations", { headers, body: json }));
    expect(provider.seen[1]?.body.toString()).toBe(json);
  });

  /** Red when a virtual key, a cookie, or whatever else came along leaves. */
  it("the target's key goes, the virtual key never", async () => {
    await start();
    const headers = {
      "x-api-key": "psk_web",
      "api-key": "psk_web",
      cookie: "session=psk_web",
      "x-forwarded-for": "10.0.0.1",
      "openai-organization": "org-mine",
      "idempotency-key": "for psk_web",
      "openai-beta": "assistants=v2",
      "content-type": "text/plain",
      range: "bytes=0-1",
    };
    await got(ask("/v1/files/file-1/content?key=psk_web&after=x%2Fy&note=my+psk_web", { method: "GET", headers }));
    const [seen] = provider.seen;
    expect(seen?.request.url).toBe("/first/v1/files/file-1/content?after=x%2Fy");
    const { connection: _connection, host, ...rest } = seen?.request.headers ?? {};
    expect(host).toBe(new URL(provider.url).host);
    expect(rest).toEqual({
      authorization: "Bearer sk-operator",
      "content-type": "text/plain",
      "openai-beta": "assistants=v2",
      range: "bytes=0-1",
      "x-house": "1",
    });
    expect(seen?.request.rawHeaders.join(" ")).not.toContain("psk_");
  });

  it("to the provider whose wire is spoken", async () => {
    await start();
    await got(ask("/v1/files", { method: "GET", headers: { "anthropic-version": "2023-06-01" } }));
    expect(provider.seen[0]?.request.url).toBe("/claude/v1/files");
    expect(provider.seen[0]?.request.headers).toMatchObject({
      "x-api-key": "sk-claude",
      "anthropic-version": "2023-06-01",
    });
  });

  /** Red when a path is passed through that nobody has listed. */
  it.each([
    ...[
      "/v1/audio",
      "/v1/filesystem",
      "/v1/files/../audio",
      "/v1/files/%2e%2e/audio",
      "/v1/files//x",
      "/v1/files/",
      "/v1/files%2fx",
    ],
    ...["/v1/files/..%2faudio", "/V1/files", "/v1/files;x", "/v1/files\\..\\audio", "//v1/files"],
  ])("not to a path that is not listed: %s", async (path) => {
    await start();
    const { status } = await got(ask(path, { method: "GET" }));
    // Mounted in an app, what is not ours is the app's.
    expect([403, 404]).toContain(status);
    expect(provider.seen).toEqual([]);
  });

  /** Red when listing a folder lets through what is inspected inside it. */
  it.each([
    "/v1/chat/completions",
    "/v1/v1/chat/completions",
    "/v1/chat/Completions",
    "/v1/files/../chat/completions",
    "/v1/messages",
  ])("never to an inspected endpoint, though all of /v1 is listed: %s", async (path) => {
    await start({ passThrough: ["/v1"] });
    const { status } = await got(
      ask(path, { headers: { "content-type": "text/plain" }, body: "maria.lopez@example.com" }),
    );
    expect([403, 404, 415]).toContain(status);
    expect(provider.seen).toEqual([]);
  });

  it.each([
    ["missing_key", 401, "/v1/files", ""],
    ["unknown_key", 401, "/v1/files", "Bearer psk_nobody"],
    ["forbidden", 403, "/v1/files", "Bearer psk_limited"],
    ["forbidden", 403, "/v1/batches", "Bearer psk_web"],
    ["target_unfit", 400, "/v1/files", "Bearer psk_eu"],
  ])("refuses as any call is refused: %s, %s at %s with %s", async (code, status, path, authorization) => {
    await start();
    const headers = authorization === "" ? { authorization: [] } : { authorization };
    const { status: told, body } = await got(ask(path, { headers, body: Buffer.alloc(500_000) }));
    expect([told, JSON.parse(body.toString()).error.code]).toEqual([status, code]);
    expect(provider.seen).toEqual([]);
    await until(() => receipts.length === 1);
    expect(receipts[0]).toMatchObject({
      outcome: "refused",
      code,
      operation: "pass_through",
    });
  });

  it("counts a key's requests, and lets a limited key use what is granted to it", async () => {
    await start();
    const asked = () => got(ask("/v1/files", { headers: { authorization: "Bearer psk_slow" } }));
    expect((await asked()).status).toBe(200);
    const second = await asked();
    expect([second.status, JSON.parse(second.body.toString()).error.code]).toEqual([429, "rate_limited"]);
    expect((await got(ask("/v1/batches", { headers: { authorization: "Bearer psk_limited" } }))).status).toBe(200);
  });

  /** Red when what a provider says of our own key, or of our account, reaches a caller. */
  it("keeps the operator's account to itself", async () => {
    await start();
    provider.answers((_request, response) => response.writeHead(401).end("Incorrect key sk-operator"));
    const denied = await got(ask("/v1/files"));
    expect([denied.status, JSON.parse(denied.body.toString()).error.code]).toEqual([502, "upstream_credentials"]);
    expect(denied.body.toString()).not.toContain("sk-operator");
    provider.answers((_request, response) =>
      response
        .writeHead(404, { "set-cookie": "a=b", "openai-organization": "org", "x-request-id": "r" })
        .end("no such file"),
    );
    const missing = await got(ask("/v1/files/none", { method: "GET" }));
    expect([missing.status, missing.body.toString(), missing.headers["x-request-id"]]).toEqual([
      404,
      "no such file",
      "r",
    ]);
    expect(missing.headers["set-cookie"] ?? missing.headers["openai-organization"]).toBeUndefined();
    await until(() => receipts.length === 2);
    expect(receipts.map(({ outcome, code }) => [outcome, code])).toEqual([
      ["failed", "upstream_credentials"],
      ["failed", "upstream_error"],
    ]);
  });

  it("a provider that cannot be reached, and one that breaks off", async () => {
    await start();
    provider.answers((_request, response) => {
      response.writeHead(200, { "content-type": "image/png" }).write("half");
      setTimeout(() => response.destroy(), 20);
    });
    const request = ask("/v1/files");
    const [response] = (await once(request, "response")) as [IncomingMessage];
    response.resume();
    await new Promise((resolve) => response.on("error", resolve).on("close", resolve));
    expect(response.complete).toBe(false);
    await until(() => receipts.length === 1);
    expect(receipts[0]).toMatchObject({ outcome: "failed", code: "upstream_broken" });
    await provider.close();
    const { status, body } = await got(ask("/v1/files"));
    expect([status, JSON.parse(body.toString()).error.code]).toEqual([502, "upstream_unreachable"]);
    await until(() => receipts.length === 2);
  });

  /** Red when a provider goes on working for a caller that has left, or a call is never settled. */
  it("a caller that leaves: in its upload, and in its answer", async () => {
    await start();
    const gone: string[] = [];
    provider.answersEarly((request, response) => {
      request.on("close", () => gone.push("upload"));
      request.on("error", () => {});
      request.resume();
      return response.destroyed || true;
    });
    const upload = open({
      port,
      path: "/v1/files",
      method: "POST",
      agent: false,
      headers: { authorization: "Bearer psk_web", "content-length": "1000000" },
    });
    upload.on("error", () => {});
    upload.write(Buffer.alloc(1_000));
    await until(() => provider.seen.length === 0 && gone.length === 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    upload.destroy();
    await until(() => gone.includes("upload") && receipts.length === 1);
    provider.answersEarly(undefined);
    provider.answers((_request, response) => {
      response.on("close", () => gone.push("answer"));
      response.writeHead(200).write("x");
    });
    const download = ask("/v1/files", { method: "GET" });
    const [response] = (await once(download, "response")) as [IncomingMessage];
    await once(response, "data");
    download.destroy();
    await until(() => gone.includes("answer") && receipts.length === 2);
    expect(receipts.map(({ outcome }) => outcome)).toEqual(["aborted", "aborted"]);
  });

  /** Red when somebody on the way reads on for a caller who does not. */
  it("a slow reader slows the provider", async () => {
    await start();
    let written = 0;
    provider.answers((_request, response) => {
      const piece = Buffer.alloc(65_536);
      const more = (): void => {
        while (written < 2_000 && !response.destroyed) {
          written++;
          if (!response.write(piece)) return void response.once("drain", more);
        }
      };
      more();
    });
    const request = ask("/v1/files", { method: "GET" });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    response.pause();
    let last = -1;
    while (last !== written) {
      last = written;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(written).toBeLessThan(1_000);
    request.destroy();
    await until(() => receipts.length === 1);
  });

  it("a provider that answers before it has read: its caller can read why", async () => {
    await start();
    provider.answersEarly((_request, response) => {
      response.writeHead(413, { connection: "close" }).end("too large");
      return true;
    });
    const { status, body } = await got(ask("/v1/files", { body: Buffer.alloc(100_000) }));
    expect([status, body.toString()]).toEqual([413, "too large"]);
    await until(() => receipts.length === 1);
  });

  it("ends what runs when the gateway closes, and refuses what comes", async () => {
    await start();
    provider.answers((_request, response) => response.writeHead(200).write("x"));
    const request = ask("/v1/files", { method: "GET" });
    const [response] = (await once(request, "response")) as [IncomingMessage];
    await once(response, "data");
    const ended = new Promise((resolve) => response.on("error", resolve).on("close", resolve));
    const closing = gateway.close(10);
    expect((await got(ask("/v1/files"))).status).toBe(503);
    await Promise.all([ended, closing]);
    expect(receipts[0]).toMatchObject({ outcome: "failed", code: "draining" });
  });

  /** Red when a caller that has heard nothing yet is left without a word. */
  it("tells a caller that still waits that the gateway closes", async () => {
    await start();
    provider.answers(() => {});
    const waiting = got(ask("/v1/files"));
    await until(() => provider.seen.length === 1);
    await gateway.close(10);
    const { status, body } = await waiting;
    expect([status, JSON.parse(body.toString()).error.code]).toEqual([503, "draining"]);
    expect(receipts).toMatchObject([{ code: "draining" }]);
    await until(() => provider.seen[0]?.request.socket.destroyed === true);
  });

  /** Red when a provider is asked for an upgrade that nobody here would take. */
  it("asks for no upgrade where the server takes none", async () => {
    await start();
    server.removeAllListeners("upgrade");
    const headers = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-key": "x",
      "sec-websocket-version": "13",
    };
    expect((await got(ask("/v1/files", { method: "GET", headers }))).status).toBe(200);
    expect(provider.sockets).toEqual([]);
    expect(provider.seen[0]?.request.headers.upgrade).toBeUndefined();
  });

  describe("a WebSocket", () => {
    const handshake = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    const knock = (path = "/v1/realtime?model=gpt-realtime", headers: object = {}) =>
      ask(path, { method: "GET", headers: { ...handshake, ...headers } });
    const opened = async (request: ReturnType<typeof knock>) => {
      const [response, socket, head] = (await once(request, "upgrade")) as [
        IncomingMessage,
        import("node:net").Socket,
        Buffer,
      ];
      socket.on("error", () => {});
      return { response, socket, head };
    };

    it("is carried both ways, signed with the target's key", async () => {
      await start();
      const { response, socket } = await opened(
        knock("/v1/realtime?model=gpt-realtime&key=psk_web", {
          "sec-websocket-protocol": "realtime, openai-insecure-api-key.psk_web, openai-organization.org-1",
          cookie: "a=b",
        }),
      );
      expect(response.headers["sec-websocket-accept"]).toBe("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
      expect(response.headers["set-cookie"] ?? response.headers["openai-organization"]).toBeUndefined();
      const frames = randomBytes(300_000);
      const pieces: Buffer[] = [];
      socket.on("data", (piece) => pieces.push(piece));
      socket.write(frames);
      await until(() => pieces.reduce((sum, piece) => sum + piece.length, 0) === frames.length);
      expect(Buffer.concat(pieces).equals(frames)).toBe(true);
      const [{ request } = { request: undefined }] = provider.sockets;
      expect(request?.url).toBe("/first/v1/realtime?model=gpt-realtime");
      expect(request?.headers).toMatchObject({
        authorization: "Bearer sk-operator",
        "sec-websocket-protocol": "realtime",
      });
      expect(request?.rawHeaders.join(" ")).not.toMatch(/psk_|cookie|org-1/);
      expect(receipts).toEqual([]);
      socket.end();
      await until(() => provider.sockets[0]?.closed === true && receipts.length === 1);
      expect(receipts[0]).toMatchObject({ outcome: "answered", status: 101, operation: "pass_through", key: "web" });
    });

    it("ends at both ends when either one leaves", async () => {
      await start();
      const one = await opened(knock());
      one.socket.destroy();
      await until(() => provider.sockets[0]?.closed === true);
      const other = await opened(knock());
      provider.sockets[1]?.request.socket.destroy();
      await once(other.socket, "close");
      await until(() => receipts.length === 2);
    });

    it.each([
      ["a path that is not listed", "/v1/audio", {}, 403],
      ["an inspected one", "/v1/chat/completions", {}, 403],
      ["a path that climbs", "/v1/realtime/../audio", {}, 403],
      ["an unknown key", "/v1/realtime", { authorization: "Bearer psk_nobody" }, 401],
      ["a key with limits", "/v1/realtime", { authorization: "Bearer psk_limited" }, 403],
    ])("is refused: %s", async (_title, path, headers, status) => {
      await start();
      const [response] = (await once(knock(path, headers), "response")) as [IncomingMessage];
      expect(response.statusCode).toBe(status);
      expect(provider.sockets).toEqual([]);
    });

    it.each([
      ["403 Forbidden", 502, "upstream_credentials"],
      ["404 Not Found", 404, "what the provider says"],
    ])("that the provider denies with %s", async (line, status, said) => {
      await start();
      provider.upgrades((_request, socket: never) => {
        const wire = socket as import("node:net").Socket;
        wire.end(
          `HTTP/1.1 ${line}\r\ntransfer-encoding: chunked\r\nset-cookie: a=b\r\nconnection: close\r\n\r\n16\r\nwhat the provider says\r\n0\r\n\r\n`,
        );
      });
      const { status: told, headers, body } = await got(knock());
      expect([told, headers["set-cookie"]]).toEqual([status, undefined]);
      expect(body.toString()).toContain(said);
      await until(() => receipts.length === 1);
      expect(receipts[0]).toMatchObject({ outcome: "failed", code: status === 502 ? said : "upstream_error" });
    });

    it("to a provider that cannot be reached", async () => {
      await start();
      await provider.close();
      const { status, body } = await got(knock());
      expect([status, JSON.parse(body.toString()).error.code]).toEqual([502, "upstream_unreachable"]);
    });

    it("that still waits is told that the gateway closes", async () => {
      await start();
      const heard: string[] = [];
      provider.upgrades((_request, socket: never) => {
        heard.push("upgrade");
        (socket as import("node:net").Socket)
          .on("error", () => {})
          .on("end", () => heard.push("end"))
          .resume();
      });
      const waiting = got(knock());
      await until(() => heard.length === 1);
      await gateway.close(10);
      expect((await waiting).status).toBe(503);
      await until(() => heard.includes("end"));
    });

    it("is closed with the gateway", async () => {
      await start();
      const { socket } = await opened(knock());
      await Promise.all([gateway.close(10), once(socket, "close")]);
      await until(() => provider.sockets[0]?.closed === true);
      expect(receipts).toHaveLength(1);
    });
  });

  if (name === "Express")
    it("mounted: an upgrade comes with the mount's path, and others' upgrades are theirs", async () => {
      await start();
      server.removeAllListeners("upgrade");
      server.on("upgrade", toUpgradeHandler(gateway, { basePath: "/ai" }) as never);
      server.on("upgrade", (request, socket) => {
        if (request.url === "/theirs") socket.end("HTTP/1.1 418 Theirs\r\ncontent-length: 0\r\n\r\n");
      });
      const headers = {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "x",
      };
      const [, socket] = await once(ask("/ai/v1/realtime", { method: "GET", headers }), "upgrade");
      socket.destroy();
      const [theirs] = await once(ask("/theirs", { method: "GET", headers }), "response");
      expect(theirs.statusCode).toBe(418);
    });
});
