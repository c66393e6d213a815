import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** What a plugin of http-proxy-middleware is handed, as far as it is used here: the same in http-proxy (3) and httpxy (4). */
export interface ProxyServer {
  /** In 4 it returns a promise, which rejects only where nobody listens for `error`. */
  web(request: IncomingMessage, response: ServerResponse, options: object): unknown;
  /** Its last two arguments have changed places between 3 and 4. */
  ws: (request: IncomingMessage, socket: Socket, ...rest: readonly unknown[]) => unknown;
  on(event: "proxyReq", listener: (leaving: ClientRequest, request: IncomingMessage) => void): unknown;
  on(event: "proxyRes", listener: (answer: IncomingMessage, request: IncomingMessage) => void): unknown;
  on(event: "error" | "econnreset", listener: (error: Error, request?: IncomingMessage) => void): unknown;
}

/** How the team's proxy reaches the network. Nothing else of its options concerns a call: headers, `auth`, `forward`, redirects and `xfwd` would add to what leaves. */
const network = ["agent", "ssl", "secure", "ca", "localAddress"] as const;

export const networkOf = (options: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(network.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])));
