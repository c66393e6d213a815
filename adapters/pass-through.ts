import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { errorTable, type Gateway, type PassThrough, Refusal } from "../src/index.ts";
import { toHead, writeReply } from "./node-message.ts";
import { createForwarder } from "./proxy/forwarder.ts";
import type { ProxyServer } from "./proxy/server.ts";
import { writeTo } from "./proxy/socket.ts";

/** Who moves the bytes of what is passed through. */
export interface Forwarder {
  forward(passing: PassThrough, request: IncomingMessage, response: ServerResponse): void;
  /** `head`: the first bytes of the upgraded stream, where they came with the request. */
  upgrade(passing: PassThrough, request: IncomingMessage, socket: Socket, head: Buffer): void;
}

export interface UpgradeOptions {
  /** What stands before `/v1` in the URLs: upgrades come by the server, which knows nothing of where an app has mounted us. */
  readonly basePath?: string;
  readonly forwarder?: Forwarder;
}

let loading: Promise<Forwarder> | undefined;

async function load(): Promise<Forwarder> {
  const { createProxyMiddleware } = await import("http-proxy-middleware");
  let server: unknown;
  const plugin = (made: unknown): void => {
    server = made;
  };
  // Only its server is used, so its target (RFC 6761) is nobody; a listener keeps it from answering errors by itself.
  createProxyMiddleware({ target: "http://postern.invalid", on: { error() {} }, plugins: [plugin] });
  return createForwarder(server as ProxyServer, {});
}

function loaded(): Promise<Forwarder> {
  loading ??= load();
  return loading;
}

/** `http-proxy-middleware`, loaded when it is first needed: a config that lists nothing does without. */
export const ownForwarder: Forwarder = {
  forward(passing, request, response) {
    loaded().then(
      (forwarder) => forwarder.forward(passing, request, response),
      () => {
        passing.abort(new Refusal("internal_error"));
        writeReply(passing.reply(), request, response);
      },
    );
  },
  upgrade(passing, request, socket, head) {
    loaded().then(
      (forwarder) => forwarder.upgrade(passing, request, socket, head),
      () => {
        passing.abort(new Refusal("internal_error"));
        writeTo(socket, passing.reply());
      },
    );
  },
};

const refused = Buffer.from(
  JSON.stringify({
    error: { message: errorTable.not_inspected.message, type: "invalid_request_error", code: "not_inspected" },
  }),
);

/**
 * For WebSockets that `passThrough` lists (realtime); all others are refused, but for those outside `basePath`, which are left to the
 * server's other listeners, where it has any.
 * @example createServer(app).on("upgrade", toUpgradeHandler(gateway, { basePath: "/ai" }))
 */
export function toUpgradeHandler(gateway: Gateway, { basePath = "", forwarder = ownForwarder }: UpgradeOptions = {}) {
  return (request: IncomingMessage, socket: Socket, head: Buffer): void => {
    // A socket that breaks with nobody listening would end the process.
    socket.on("error", () => socket.destroy());
    const came = toHead(request);
    const ours = came.url.startsWith(`${basePath}/`);
    if (!ours && hasOthers(socket)) return;
    const webSocket = request.method === "GET" && request.headers.upgrade?.toLowerCase() === "websocket";
    const passing =
      ours && webSocket ? gateway.passThrough({ ...came, url: came.url.slice(basePath.length) }) : undefined;
    if (passing !== undefined) forwarder.upgrade(passing, request, socket, head);
    else writeTo(socket, { status: 403, headers: { "content-type": "application/json" }, body: refused });
  };
}

/** Would anybody else answer this upgrade? A socket that nobody answers stays open for good. */
const hasOthers = (socket: Socket & { readonly server?: Server }): boolean =>
  (socket.server?.listenerCount("upgrade") ?? 0) > 1;
