import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  createGateway,
  type Gateway,
  type GatewayOptions,
  type Logger,
  loadConfig,
  parseConfig,
} from "../../src/index.ts";
import { toNodeHandler, toUpgradeHandler } from "../node.ts";
import { createAdmin } from "./admin.ts";
import { createMetrics } from "./metrics.ts";
import { type Reloader, watchConfig } from "./reload.ts";

export interface SidecarOptions extends GatewayOptions {
  /** Path of the config; without it callers bring their own providers' keys. */
  readonly config?: string | undefined;
  readonly log: Logger;
  /** 0: any that is free. */
  readonly port: number;
  /** Loopback by default: whoever reaches it may use it, unless the config has keys. */
  readonly host?: string | undefined;
  /** `/metrics` on a port of its own, on the same host. */
  readonly admin?: { readonly port: number; readonly token: string } | undefined;
}

export interface Sidecar {
  readonly gateway: Gateway;
  readonly address: AddressInfo;
  readonly admin: AddressInfo | undefined;
  /** Reads the config again. Never rejects. */
  reload(): Promise<void>;
  /** Running calls may finish for `deadline` milliseconds, new ones are refused; resolves when records are written and ports closed. */
  close(deadline: number): Promise<void>;
}

/** After the last call has ended its last bytes have this many milliseconds to leave. */
const lastBytes = 1_000;

/**
 * A gateway as a process of its own: listens, says whether it lives and is ready, follows its config file.
 * @throws ConfigError for a config that is not valid; Error where it cannot listen.
 */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const { config: path, log, port, host = "127.0.0.1", admin, ...rest } = options;
  const metrics = createMetrics();
  const steps = [...(rest.steps ?? []), { after: "tracing", step: metrics.step } as const];
  const config = parseConfig(path === undefined ? {} : await loadConfig(path));
  const gateway = createGateway(config, { ...rest, log, steps });
  const servers: Server[] = [];
  const state = { draining: false };
  try {
    await gateway.ready;
    const open = async (listener: RequestListener, at: number, upgrades = false): Promise<AddressInfo> => {
      const server = createServer(listener);
      // A server that listens for upgrades gets no other request that offers one, such as HTTP/2's.
      if (upgrades) server.on("upgrade", toUpgradeHandler(gateway));
      servers.push(server);
      server.listen(at, host);
      await once(server, "listening");
      return server.address() as AddressInfo;
    };
    const address = await open(withHealth(gateway, state), port, config.passThrough.length > 0);
    const watching = admin && (await open(createAdmin(admin.token, metrics), admin.port));
    const reloader: Reloader | undefined =
      path === undefined ? undefined : watchConfig(path, (config) => gateway.reload(config), log);
    let closed: Promise<void> | undefined;
    return {
      gateway,
      address,
      admin: watching,
      reload: async () => reloader?.reload(),
      close(deadline) {
        state.draining = true;
        closed ??= (async () => {
          await reloader?.close();
          // Still listening: probes and new callers are told, rather than turned away at the door.
          await gateway.close(deadline);
          await Promise.all(servers.map(shut));
        })();
        return closed;
      },
    };
  } catch (cause) {
    await Promise.all(servers.map(shut));
    await gateway.close(0);
    throw cause;
  }
}

/** A gateway's listener, with the two probes of an orchestrator. */
export function withHealth(gateway: Gateway, state: { readonly draining: boolean }): RequestListener {
  const handler = toNodeHandler(gateway);
  return (request, response) => {
    const health = request.url === "/postern/health/live" || request.url === "/postern/health/ready";
    if (!health) return handler(request, response);
    request.resume();
    const serves = !state.draining || request.url === "/postern/health/live";
    response.writeHead(serves ? 200 : 503, { "content-type": "text/plain", "cache-control": "no-store" });
    response.end(serves ? "ok\n" : "draining\n");
  };
}

async function shut(server: Server): Promise<void> {
  if (!server.listening) return;
  const timer = setTimeout(() => server.closeAllConnections(), lastBytes);
  server.close();
  server.closeIdleConnections();
  await once(server, "close");
  clearTimeout(timer);
}
