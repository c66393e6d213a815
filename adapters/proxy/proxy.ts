import { type Config, type ConfigInput, createGateway, type Gateway } from "../../src/index.ts";
import { toNodeHandler, toUpgradeHandler } from "../node.ts";
import { createForwarder } from "./forwarder.ts";
import { networkOf, type ProxyServer } from "./server.ts";
import { createTransport } from "./transport.ts";

/** What `createProxyMiddleware` is given: the team's own options, and Postern among its plugins. */
export type ProxyOptions<Options> = Omit<Options, "plugins" | "target"> & {
  readonly target: string;
  readonly plugins: ((server: object) => void)[];
  readonly gateway: Gateway;
};

interface Known {
  readonly target?: unknown;
  readonly plugins?: readonly unknown[];
  readonly on?: object;
}

/** The proxy wants a target; ours are the gateway's, and this one (RFC 6761) leads nowhere. */
const nowhere = "http://postern.invalid";

/**
 * Postern for `http-proxy-middleware` 3 and 4. Where the proxy is mounted, below `pathFilter` and after `pathRewrite`, callers find the
 * endpoints of the official SDKs, before or after `express.json()`; what is no AI call is refused. The proxy's own server talks to the
 * providers, with its `agent`, `ssl`, `secure`, `ca` and `localAddress`; which ones, the gateway decides: `target` and `router` do not.
 * @param config of a gateway, or a gateway
 * @param options for `createProxyMiddleware`
 * @example app.use("/ai", createProxyMiddleware(postern())); // new OpenAI({ baseURL: "http://127.0.0.1:3000/ai/v1" })
 */
export function postern<Options extends object = object>(
  config: ConfigInput | Config | string | Gateway = {},
  options?: Options,
): ProxyOptions<Options> {
  const gateway = typeof config === "object" && "handle" in config ? config : createGateway(config);
  const { plugins = [], target = nowhere, on, ...rest } = { ...options } as Options & Known;
  const plugin = (server: object): void => protect(server as ProxyServer, gateway, networkOf({ ...options }));
  // Where nobody listens, the proxy answers errors by itself.
  const listeners = { error() {}, ...on };
  return { ...rest, target, on: listeners, plugins: [...plugins, plugin], gateway } as unknown as ProxyOptions<Options>;
}

/** Stands in front of everything that the proxy would forward. */
function protect(server: ProxyServer, gateway: Gateway, network: object): void {
  const forwarder = createForwarder(server, network);
  const handler = toNodeHandler(gateway, { send: createTransport(server, network), forwarder });
  const upgrade = toUpgradeHandler(gateway, { forwarder });
  server.web = (request, response) => handler(request, response);
  server.ws = (request, socket, ...rest) => upgrade(request, socket, rest.find(Buffer.isBuffer) ?? Buffer.alloc(0));
}
