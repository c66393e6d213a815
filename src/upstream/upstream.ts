import { Pool } from "undici";
import type { HeaderMap, HttpRequest, Sink } from "../http.ts";
import type { Clock, Target } from "../step.ts";
import { Passage, type UpstreamFlow } from "./passage.ts";

export type { UpstreamFlow } from "./passage.ts";

export type Endpoint = Pick<Target, "baseUrl" | "timeouts">;
/** Its `url` is a path at the endpoint's origin, or absolute and of that origin. */
export type UpstreamRequest = HttpRequest & { readonly body: Uint8Array };
export type UpstreamExchange = (request: UpstreamRequest, to: Sink) => UpstreamFlow;

export interface Upstream {
  /**
   * The exchange with one endpoint. Redirects are answers, interim 1xx and trailers are dropped, content-encodings are undone.
   * It fails with `Refusal`s alone: `upstream_unreachable`, `upstream_timeout` (`detail.phase`), `upstream_broken`, `upstream_invalid`;
   * `draining` once closed.
   */
  exchange(endpoint: Endpoint): UpstreamExchange;
  /** Lets what runs end, then closes its connections. */
  close(): Promise<void>;
  destroy(): Promise<void>;
}

export interface UpstreamOptions {
  /** Milliseconds for which an unused connection is kept, unless the server names its own. */
  readonly keepAlive?: number;
}

/** The client that talks to providers: HTTP/1.1, one pool of connections per origin. */
export function createUpstream(parts: { readonly clock: Clock }, options: UpstreamOptions = {}): Upstream {
  const pools = createPools(options.keepAlive ?? 30_000);
  const exchanges = new WeakMap<Endpoint, UpstreamExchange>();

  const open = ({ baseUrl, timeouts }: Endpoint): UpstreamExchange => {
    const { origin } = new URL(baseUrl);
    const pool = pools.get(origin, timeouts.connect);
    return (request, to) =>
      new Passage(to, parts.clock, timeouts).start(pool, {
        path: pathAt(origin, request.url),
        method: request.method,
        headers: toList(request.headers),
        body: request.body,
      });
  };

  return {
    exchange(endpoint) {
      const known = exchanges.get(endpoint);
      if (known !== undefined) return known;
      const exchange = open(endpoint);
      exchanges.set(endpoint, exchange);
      return exchange;
    },
    close: () => pools.end((pool) => pool.close()),
    destroy: () => pools.end((pool) => pool.destroy()),
  };
}

function createPools(keepAlive: number) {
  const pools = new Map<string, Pool>();
  let closed = false;

  return {
    get(origin: string, connect: number): Pool {
      const key = `${origin} ${connect}`;
      const known = pools.get(key);
      if (known !== undefined) return known;
      // The exchange's own timers report; undici's are coarse, and the one for connecting only frees the socket.
      const off = { headersTimeout: 0, bodyTimeout: 0 };
      const pool = new Pool(origin, {
        ...off,
        connect: { timeout: connect },
        keepAliveTimeout: keepAlive,
        pipelining: 1,
      });
      pools.set(key, pool);
      if (closed) void pool.close();
      return pool;
    },
    async end(how: (pool: Pool) => Promise<void>): Promise<void> {
      closed = true;
      await Promise.all([...pools.values()].map(how));
    },
  };
}

function pathAt(origin: string, url: string): string {
  if (url.startsWith("/")) return url;
  if (url.startsWith(`${origin}/`)) return url.slice(origin.length);
  throw new Error("the request's url is not at its target's origin");
}

/** Names and values in turn. What frames the message is the client's own affair. */
function toList(headers: HeaderMap): string[] {
  const list: string[] = [];
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || name === "host" || name === "content-length") continue;
    if (typeof value === "string") list.push(name, value);
    else for (const one of value) list.push(name, one);
  }
  return list;
}
