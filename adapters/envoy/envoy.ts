import { readFile } from "node:fs/promises";
import type * as grpc from "@grpc/grpc-js";
import {
  type Clock,
  type Config,
  type ConfigInput,
  createGateway,
  type Gateway,
  Refusal,
  systemClock,
} from "../../src/index.ts";
import { boundAddress, checkAddress, removeStaleSocket } from "./address.ts";
import type { Opener } from "./mode.ts";
import { createServer, type ServerHandle } from "./server.ts";
import { Stream } from "./stream.ts";
import { tap } from "./tap.ts";
import { terminate } from "./terminate.ts";
import { transform } from "./transform.ts";

/**
 * - `terminate`: the engine talks to the provider and answers in Envoy's place; Envoy 1.37 or newer. Everything that the Node hosts have.
 * - `transform`: Envoy talks to the provider that the engine chose; requests and answers are changed as they pass.
 * - `tap`: `observability_mode`; calls are metered and traced, and never in the way.
 */
export type EnvoyMode = "terminate" | "transform" | "tap";

/** Each PEM text, or the path of a PEM file. */
export interface ExternalProcessorTls {
  readonly cert: string;
  readonly key: string;
  /** Who signs the client certificates without which nobody may call: mutual TLS. */
  readonly clientCa?: string;
}

export interface ExternalProcessorOptions {
  /** By default `terminate`. */
  readonly mode?: EnvoyMode;
  /** `HOST:PORT` (0: any free port), `[IPv6]:PORT` or `unix:/PATH`; by default `127.0.0.1:50051`. A stale socket file is removed. */
  readonly listen?: string;
  /** Absent: cleartext HTTP/2, for loopback and Unix sockets. */
  readonly tls?: ExternalProcessorTls;
  /**
   * Bytes of one streamed answer at most, by default 64 MiB: Envoy takes a terminated answer as fast as it is written, however slowly its
   * caller reads. What is longer ends as `answer_too_large`.
   */
  readonly answerBytes?: number;
  /** Calls at once at most, by default 1,024; one more ends with RESOURCE_EXHAUSTED. */
  readonly calls?: number;
  /** Bytes of one gRPC message at most, by default 64 MiB: above what Envoy buffers of a body, so that it is us who answers 413. */
  readonly messageBytes?: number;
  /** When a silent stream gets its comments; by default the system's. */
  readonly clock?: Clock;
}

export interface ExternalProcessor {
  readonly gateway: Gateway;
  /** Resolves to the address that was bound: `127.0.0.1:50051`, `unix:/run/postern.sock`. Rejects where the gateway cannot work. */
  listen(): Promise<string>;
  /**
   * New calls are refused, running ones may finish for `deadlineMs` milliseconds (default 10,000), then they are cut in an orderly way.
   * A gateway that was made here is closed with it; one that was handed in stays open.
   */
  close(deadlineMs?: number): Promise<void>;
}

const modes: Readonly<Record<EnvoyMode, Opener>> = { terminate, transform, tap };
const mebibyte = 1_048_576;

/**
 * Serves `envoy.service.ext_proc.v3.ExternalProcessor` and `grpc.health.v1.Health` over a gateway. Needs the package `@grpc/grpc-js`.
 * Of the filter's `initial_metadata` it reads `x-postern-mode`, which must be its own mode where it is there, and in a tap
 * `x-postern-target`: the target that the route goes to.
 * @param config of a gateway, or a gateway.
 * @example await createExternalProcessor(config, { listen: "unix:/run/postern.sock" }).listen();
 */
export function createExternalProcessor(
  config: ConfigInput | Config | string | Gateway = {},
  options: ExternalProcessorOptions = {},
): ExternalProcessor {
  const handed = typeof config === "object" && "handle" in config;
  const gateway = handed ? config : createGateway(config);
  const { mode = "terminate", listen = "127.0.0.1:50051", tls, answerBytes = 64 * mebibyte } = options;
  const address = checkAddress(listen);
  const bounds = { calls: options.calls ?? 1_024, messageBytes: options.messageBytes ?? 64 * mebibyte };
  let handle: ServerHandle | undefined;
  let closed: Promise<void> | undefined;

  const start = async (): Promise<string> => {
    const library = await import("@grpc/grpc-js");
    await gateway.ready;
    await removeStaleSocket(address);
    const parts = { gateway, answerBytes, clock: options.clock ?? systemClock };
    const made = createServer(library, bounds, (transport, told) => {
      const meant = told("x-postern-mode") ?? mode;
      const open = meant === mode ? modes[mode] : () => `the filter is made for ${meant}, and ${mode} is served here`;
      return new Stream({ ...parts, picked: told("x-postern-target") }, open, transport);
    });
    const credentials = await credentialsOf(library, tls);
    const port = await bind(made.server, address, credentials);
    handle = made;
    return boundAddress(address, port);
  };

  const stop = async (deadline: number): Promise<void> => {
    if (handle !== undefined) await drain(handle, deadline);
    if (!handed) await gateway.close(deadline);
  };

  return {
    gateway,
    listen: start,
    close(deadlineMs = 10_000) {
      closed ??= stop(deadlineMs);
      return closed;
    },
  };
}

/** After a cut the last bytes still have to leave. */
const lingerMs = 500;

async function drain({ server, running, refuse, idle }: ServerHandle, deadline: number): Promise<void> {
  refuse();
  const shut = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  if (!(await within(idle(), deadline))) {
    for (const served of running) served.cut(new Refusal("draining"));
    await within(idle(), lingerMs);
  }
  if (!(await within(shut, lingerMs))) server.forceShutdown();
}

async function within(event: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  const done = await Promise.race([event.then(() => true), late]);
  clearTimeout(timer);
  return done;
}

function bind(server: grpc.Server, address: string, credentials: grpc.ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

async function credentialsOf(
  library: typeof grpc,
  tls: ExternalProcessorTls | undefined,
): Promise<grpc.ServerCredentials> {
  if (tls === undefined) return library.ServerCredentials.createInsecure();
  const { cert, key, clientCa } = tls;
  const pair = { cert_chain: await pem(cert), private_key: await pem(key) };
  const ca = clientCa === undefined ? null : await pem(clientCa);
  return library.ServerCredentials.createSsl(ca, [pair], ca !== null);
}

const pem = async (text: string): Promise<Buffer> =>
  text.includes("-----BEGIN ") ? Buffer.from(text) : readFile(text);
