import { bodyMode } from "./protocol.ts";

/** What answers when its header, if it names one, has this value. Neither cluster nor `direct`: there is no such route. */
export interface Route {
  /** Only the processor sets it: what a caller sends under this name is removed before routes match. */
  readonly header?: readonly [name: string, value: string];
  /** A key of `clusters`. */
  readonly cluster?: string;
  /** Put before the path on its way to the cluster, unseen by the processor: `/first`. */
  readonly rewrite?: string;
  readonly direct?: { readonly status: number; readonly body: string };
}

/** A listener with one external processing filter: what both the fake and a real Envoy can be made from. Times in milliseconds. */
export interface EnvoySetup {
  readonly mode: "terminate" | "transform" | "tap";
  /** Of `transform`: BUFFERED until `mode_override` says STREAMED, or FULL_DUPLEX_STREAMED. */
  readonly answers?: "override" | "duplex";
  /** The first that matches is taken; none: 404. Absent: the mode's own (see `routesOf`). */
  readonly routes?: readonly Route[];
  /** Names and base URLs: `http://127.0.0.1:1234`. */
  readonly clusters?: Readonly<Record<string, string>>;
  readonly messageTimeout?: number;
  /** 0: `override_message_timeout` is ignored. */
  readonly maxMessageTimeout?: number;
  /** 0: none. */
  readonly streamIdleTimeout?: number;
  /** How long the stream of a tap outlives its request. */
  readonly deferredClose?: number;
  /** Bytes that a buffered body may have. */
  readonly bufferLimit?: number;
  readonly statusOnError?: number;
  /** Of a tap: its processor may fail. */
  readonly failureModeAllow?: boolean;
  /** Trailers over HTTP/1.1 are dropped unless it is set. */
  readonly trailers?: boolean;
  /** Calls to the processor before a new connection is made. */
  readonly maxRequestsPerConnection?: number;
  /** The runtime flag `ext_proc_graceful_grpc_close`: streams are half-closed first and reset after a second. */
  readonly gracefulClose?: boolean;
  /** Namespaces of dynamic metadata that are taken. */
  readonly receivingNamespaces?: readonly string[];
}

export type Settings = Required<EnvoySetup>;

export interface Modes {
  readonly requestBody: number;
  readonly responseHeaders: boolean;
  readonly responseBody: number;
}

export const routeHeader = "x-postern-route";

const sentinel: Route = {
  direct: {
    status: 503,
    body: '{"error":{"message":"the gateway did not answer","type":"server_error"}}',
  },
};
const unrouted: Route = {
  direct: { status: 404, body: '{"error":{"message":"no route selected","type":"not_found"}}' },
};

/** Terminate: nothing goes on. Transform: a cluster whose name the processor has set. Tap: the first cluster. */
function routesOf({ mode, clusters = {} }: EnvoySetup): readonly Route[] {
  const names = Object.keys(clusters);
  if (mode === "terminate") return [sentinel];
  if (mode === "tap") return names.slice(0, 1).map((cluster) => ({ cluster }));
  return [...names.map((cluster): Route => ({ header: [routeHeader, cluster], cluster })), unrouted];
}

export const settingsOf = (setup: EnvoySetup): Settings => ({
  answers: "override",
  routes: routesOf(setup),
  clusters: {},
  messageTimeout: 10_000,
  maxMessageTimeout: 60_000,
  streamIdleTimeout: 300_000,
  deferredClose: 5_000,
  bufferLimit: 33_554_432,
  statusOnError: setup.mode === "tap" ? 500 : 503,
  failureModeAllow: setup.mode === "tap",
  trailers: false,
  maxRequestsPerConnection: 900,
  gracefulClose: false,
  receivingNamespaces: ["postern"],
  ...setup,
});

export function modesOf({ mode, answers }: Settings): Modes {
  if (mode === "terminate")
    return { requestBody: bodyMode.duplex, responseHeaders: false, responseBody: bodyMode.none };
  if (mode === "tap") return { requestBody: bodyMode.streamed, responseHeaders: true, responseBody: bodyMode.streamed };
  const responseBody = answers === "duplex" ? bodyMode.duplex : bodyMode.buffered;
  return { requestBody: bodyMode.buffered, responseHeaders: true, responseBody };
}
