import { type ClientRequest, IncomingMessage, type ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { RequestHead } from "../../src/index.ts";

/** What a plugin of http-proxy-middleware is handed, as far as it is used here: the same in http-proxy (3) and httpxy (4). */
export interface ProxyServer {
  /** In 4 it returns a promise, which rejects only where nobody listens for `error`. */
  web(request: IncomingMessage, response: ServerResponse, options: object): unknown;
  /** With a head the last two arguments would have to change places between 3 and 4; one that came is put back into the socket instead. */
  ws: (request: IncomingMessage, socket: Socket, ...rest: readonly unknown[]) => unknown;
  on(event: "proxyReq" | "proxyReqWs", listener: (leaving: ClientRequest, request: IncomingMessage) => void): unknown;
  on(event: "proxyRes", listener: (answer: IncomingMessage, request: IncomingMessage) => void): unknown;
  on(event: "error" | "econnreset", listener: (error: Error, request?: IncomingMessage) => void): unknown;
}

/** How the team's proxy reaches the network. Nothing else of its options concerns a call: headers, `auth`, `forward`, redirects and `xfwd` would add to what leaves. */
const network = ["agent", "ssl", "secure", "ca", "localAddress"] as const;

export const networkOf = (options: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(network.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])));

/** Hears of one request that is made here. */
export interface Watcher {
  /** A connection was found for it, or is being made. */
  leaves?(request: ClientRequest): void;
  answers?(answer: IncomingMessage): void;
  fail(error: Error): void;
}

/** Requests of this proxy server that are made here, each with what is to hear of it. */
export function createWatch(server: ProxyServer): WeakMap<IncomingMessage, Watcher> {
  const watchers = new WeakMap<IncomingMessage, Watcher>();
  const onError = (error: Error, request?: IncomingMessage): void => {
    if (request !== undefined) watchers.get(request)?.fail(error);
  };
  server.on("proxyReq", (leaving, request) => {
    const watcher = watchers.get(request);
    if (watcher === undefined) return;
    // Nobody has asked for another protocol; without a listener the connection would close and nobody would be told.
    leaving.once("upgrade", (_answer, provider) => {
      provider.destroy();
      watcher.fail(new Error("upgraded"));
    });
    watcher.leaves?.(leaving);
  });
  server.on("proxyReqWs", (leaving, request) => watchers.get(request)?.leaves?.(leaving));
  server.on("proxyRes", (answer, request) => watchers.get(request)?.answers?.(answer));
  server.on("error", onError);
  server.on("econnreset", onError);
  return watchers;
}

/** A request as a message that a proxy can forward; its socket is nobody's. */
export function toMessage({ method, url, headers }: RequestHead): IncomingMessage {
  const { pathname, search } = new URL(url);
  const leaving = { ...headers } as IncomingMessage["headers"];
  // 3 would tell the provider that a DELETE of unknown length is empty, and send its body as the next request; what is not enumerable stays here.
  if (leaving["transfer-encoding"] !== undefined)
    Object.defineProperty(leaving, "content-length", { value: "unknown" });
  return Object.assign(new IncomingMessage(new Socket()), {
    method,
    url: pathname + search,
    headers: leaving,
    httpVersionMajor: 1,
  });
}

/** Stops a request that the proxy makes of such a message: 3 listens to the one, 4 to the other. */
export function cancel(message: IncomingMessage, response: ServerResponse): void {
  message.emit("aborted");
  response.emit("close");
}

export const originOf = ({ url }: RequestHead): string => new URL(url).origin;
