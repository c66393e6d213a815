import { once } from "node:events";
import { createServer, request as open, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { createProxyMiddleware } from "http-proxy-middleware";
import { createProxyMiddleware as createProxyMiddleware4 } from "http-proxy-middleware4";
import Koa from "koa";
import { postern } from "../adapters/express.ts";
import { toFetchHandler } from "../adapters/fetch.ts";
import { postern as koaPostern } from "../adapters/koa.ts";
import { toNodeHandler } from "../adapters/node.ts";
import { postern as proxyOptions } from "../adapters/proxy/proxy.ts";
import { withHealth } from "../adapters/sidecar/sidecar.ts";
import { createTestGateway, type ProviderRequest, type Script } from "../adapters/testing.ts";
import {
  ableHost,
  type ConfigInput,
  createGateway,
  type Gateway,
  type GatewayOptions,
  type Host,
  type Receipt,
  type RequestHead,
  silent,
} from "../src/index.ts";
import { moveBytes } from "./doubles/byte-mover.ts";
import { bodyParser } from "./doubles/koa-body.ts";
import { type LoopbackProvider, startProvider } from "./doubles/provider.ts";
import { envoyHosts } from "./hosts-envoy.ts";

export interface Asked {
  readonly url?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** Called with each piece as it arrives; nothing more is read until what it returns resolves. */
  readonly onPiece?: (piece: string) => unknown;
}

/** What a caller got; `broken`: the connection ended before the answer did. */
export interface Got {
  status: number;
  headers: Record<string, string>;
  text: string;
  broken: boolean;
}

export interface Running {
  readonly gateway: Gateway;
  readonly requests: readonly ProviderRequest[];
  readonly receipts: readonly Receipt[];
  answer(script: Script): void;
  call(asked: Asked): Promise<Got>;
  close(): Promise<void>;
}

/** What lies between the engine and the two ends, beyond what the engine has to know of it. */
export interface Reach {
  /** The engine is told when a provider breaks off; without it the caller's connection just breaks. */
  readonly hearsBreaks: boolean;
  /** A provider is slowed for a slow reader. */
  readonly slows: boolean;
  /** Something can be said to the caller between two pieces from the provider. */
  readonly speaksUnasked: boolean;
}

const far: Reach = { hearsBreaks: true, slows: true, speaksUnasked: true };

/** A host, and what it can do: where it cannot, a scenario asserts the alternative. */
export interface TestHost extends Host, Reach {
  readonly name: string;
  start(config: (url: string) => ConfigInput, options?: GatewayOptions): Promise<Running>;
}

const watched = (receipts: Receipt[], options: GatewayOptions = {}): GatewayOptions => ({
  log: silent,
  ...options,
  steps: [
    ...(options.steps ?? []),
    {
      after: "tracing",
      step: { name: "receipts", open: () => ({ settle: (receipt) => void receipts.push(receipt) }) },
    },
  ],
});

export type Caller = (
  gateway: Gateway,
  provider: LoopbackProvider,
  receipts: readonly Receipt[],
) => Promise<{ call: Running["call"]; close(): Promise<void> }>;

export type Abilities = Host & Partial<Reach>;
export type HostMaker = (name: string, abilities: Abilities, caller: Caller) => TestHost;

const hostOf: HostMaker = (name, abilities, caller) => ({
  name,
  ...far,
  ...abilities,
  async start(config, options) {
    const receipts: Receipt[] = [];
    const provider = await startProvider();
    const gateway = createGateway(config(provider.url), watched(receipts, options));
    await gateway.ready;
    const { call, close } = await caller(gateway, provider, receipts);
    return {
      gateway,
      receipts,
      requests: provider.requests,
      answer: provider.answer,
      call,
      async close() {
        await gateway.close(200);
        await close();
        await provider.close();
      },
    };
  },
});

/** Serves `listener` and calls it over a real socket. */
const overHttp =
  (listenerOf: (gateway: Gateway) => RequestListener): Caller =>
  async (gateway) => {
    const server = createServer(listenerOf(gateway));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return {
      call: (asked) => callOver(base, asked),
      async close() {
        server.closeAllConnections();
        server.close();
        await once(server, "close");
      },
    };
  };

function callOver(base: string, asked: Asked): Promise<Got> {
  const got: Got = { status: 0, headers: {}, text: "", broken: true };
  const { url = "", method = "POST", headers = {}, body = "", signal, onPiece } = asked;
  return new Promise((resolve) => {
    const over = (): void => resolve(got);
    const length =
      method === "GET" || "content-length" in headers ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const request = open(base + url, {
      method,
      headers: { ...headers, ...length },
      agent: false,
      ...(signal && { signal }),
    });
    request.on("error", over).on("response", (response) => {
      got.status = response.statusCode ?? 0;
      got.headers = response.headers as Record<string, string>;
      response.setEncoding("utf8").on("data", (piece: string) => {
        got.text += piece;
        const reading = onPiece?.(piece);
        if (!(reading instanceof Promise)) return;
        response.pause();
        reading.then(() => response.resume());
      });
      response.on("end", () => {
        got.broken = !response.complete;
        over();
      });
      response.on("error", over).on("close", over);
    });
    request.end(body);
  });
}

async function callFetch(fetching: (asked: Asked) => Promise<Response>, asked: Asked): Promise<Got> {
  const got: Got = { status: 0, headers: {}, text: "", broken: true };
  try {
    const response = await fetching(asked);
    got.status = response.status;
    got.headers = Object.fromEntries(response.headers);
    const decoder = new TextDecoder();
    for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      const text = decoder.decode(piece, { stream: true });
      got.text += text;
      await asked.onPiece?.(text);
    }
    got.broken = false;
  } catch {
    // What came until then is what the caller got.
  }
  return got;
}

const init = ({ method = "POST", headers = {}, body, signal }: Asked): RequestInit => ({
  method,
  headers,
  ...(method === "GET" || method === "HEAD" ? {} : { body: body ?? "" }),
  ...(signal && { signal }),
});

const fetchHandler: Caller = async (gateway) => {
  const handler = toFetchHandler(gateway, { basePath: "/ai" });
  return {
    call: (asked) =>
      callFetch((each) => handler(new Request(`http://app.test/ai${each.url ?? ""}`, init(each))), asked),
    close: async () => {},
  };
};

/** In process, a client pointed at a configured target's own base URL. */
const ownFetch: Caller = async (gateway, provider) => ({
  call: (asked) => callFetch((each) => gateway.fetch(`${provider.url}/first${each.url ?? ""}`, init(each)), asked),
  close: async () => {},
});

const mover =
  (abilities: Host): Caller =>
  async (gateway, provider) => ({
    call: (asked) =>
      new Promise((resolve, reject) => {
        const got: Got = { status: 0, headers: {}, text: "", broken: true };
        const { url = "", method = "POST", headers = {}, body = "", signal } = asked;
        const head: RequestHead = { method, url, headers };
        const decoder = new TextDecoder();
        const moving = { head, body: Buffer.from(body), signal, tapped: `${provider.url}/first` };
        const over = (): void => resolve(got);
        signal?.addEventListener("abort", over);
        moveBytes(gateway, abilities, moving, {
          head(status, answered) {
            got.status = status;
            got.headers = answered as Record<string, string>;
          },
          data(bytes) {
            const text = decoder.decode(bytes, { stream: true });
            got.text += text;
            return asked.onPiece?.(text);
          },
          end() {
            got.broken = false;
            over();
          },
          broken: over,
        }).catch(reject);
      }),
    close: async () => {},
  });

const testing: TestHost = {
  name: "postern/testing",
  ...ableHost,
  ...far,
  async start(config, options) {
    const { send: _send, ...rest } = options ?? {};
    const test = createTestGateway(config("http://127.0.0.1:1"), rest);
    await test.gateway.ready;
    const { gateway, requests, receipts, answer } = test;
    const call: Running["call"] = (asked) =>
      callFetch((each) => test.fetch(`http://127.0.0.1:1/first${each.url ?? ""}`, init(each)), asked);
    return { gateway, requests, receipts, answer, call, close: () => gateway.close(200) };
  },
};

const blind: Host = { takesBack: true, mutates: false };
const committed: Host = { takesBack: false, mutates: true };

/** Koa would print each connection that a caller breaks. */
const quiet = (): Koa => Object.assign(new Koa(), { silent: true });

export const hosts: readonly TestHost[] = [
  hostOf(
    "node:http",
    ableHost,
    overHttp((gateway) => toNodeHandler(gateway)),
  ),
  hostOf(
    "Express",
    ableHost,
    overHttp((gateway) => express().use(postern(gateway)) as RequestListener),
  ),
  hostOf(
    "Express after express.json()",
    ableHost,
    overHttp((gateway) => express().use(express.json({ limit: "50mb" }), postern(gateway)) as RequestListener),
  ),
  hostOf(
    "Koa",
    ableHost,
    overHttp((gateway) => quiet().use(koaPostern(gateway)).callback()),
  ),
  hostOf(
    "Koa after a body parser",
    ableHost,
    overHttp((gateway) =>
      quiet()
        .use(bodyParser({ raw: true }))
        .use(koaPostern(gateway))
        .callback(),
    ),
  ),
  hostOf(
    "http-proxy-middleware 3",
    ableHost,
    overHttp((gateway) => createProxyMiddleware(proxyOptions(gateway))),
  ),
  hostOf(
    "http-proxy-middleware 3 after express.json()",
    ableHost,
    overHttp((gateway) => {
      const proxy = createProxyMiddleware(proxyOptions(gateway));
      return express().use(express.json({ limit: "50mb" }), proxy) as RequestListener;
    }),
  ),
  hostOf(
    "http-proxy-middleware 4",
    ableHost,
    overHttp((gateway) => createProxyMiddleware4(proxyOptions(gateway))),
  ),
  hostOf(
    "the sidecar",
    ableHost,
    overHttp((gateway) => withHealth(gateway, { draining: false })),
  ),
  hostOf("a fetch handler", ableHost, fetchHandler),
  hostOf("gateway.fetch", ableHost, ownFetch),
  testing,
  hostOf("a byte-mover with every ability", ableHost, mover(ableHost)),
  hostOf("a byte-mover that cannot take back", committed, mover(committed)),
  hostOf("a byte-mover that cannot change anything", blind, mover(blind)),
  ...envoyHosts(hostOf, callOver),
];

/** Runs the same scenarios on every host. */
export function describeAdapters(name: string, scenarios: (host: TestHost) => void): void {
  describe.each(hosts.map((host) => [host.name, host] as const))(`${name} on %s`, (_name, host) => scenarios(host));
}
