import { once } from "node:events";
import { createServer, type IncomingMessage, request as open, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type EnvoySetup, type FakeEnvoy, startFakeEnvoy } from "../../../doubles/fake-envoy/index.ts";
import type { ProcessingRequest, RequestKind } from "../../../doubles/fake-envoy/protocol.ts";
import { type EnvoyLine, type RealEnvoy, startRealEnvoy } from "../../../doubles/real-envoy.ts";
import { bootstrapOf } from "./bootstrap.ts";
import { type ProcessorScript, type RawCall, startRawProcessor } from "./raw-processor.ts";

/** What reached the provider. */
export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  body: string;
  /** Its answer, or the request, was broken off from the other side. */
  aborted: boolean;
}

export interface Asking {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Sent one by one, chunked; the request ends after the last unless `open`. */
  readonly pieces?: readonly string[];
  readonly open?: boolean;
  /** The caller leaves once the answer contains this. */
  readonly leaveAt?: string;
  /** The caller leaves after so many milliseconds without an end. */
  readonly patience?: number;
  /** Nothing is read after the head before this resolves. */
  readonly pausedUntil?: () => Promise<unknown>;
}

export interface Outcome {
  status: number;
  headers: IncomingMessage["headers"];
  text: string;
  pieces: string[];
  trailers: IncomingMessage["trailers"];
  /** The connection ended before the answer did. */
  broken: boolean;
  /** The caller ran out of patience. */
  hung: boolean;
  readonly received: readonly Received[];
  readonly calls: readonly RawCall[];
  /** What the first stream heard: kinds of messages in order. */
  readonly kinds: readonly RequestKind[];
}

export type Providing = (request: IncomingMessage, response: ServerResponse, received: Received) => unknown;

export interface Row<Setup extends string = string> {
  readonly name: string;
  readonly setup: Setup;
  readonly processor: ProcessorScript;
  readonly ask?: Asking;
  readonly provider?: Providing;
  expect(outcome: Outcome): void | Promise<void>;
  /** What the double reports of the processor, each in this order; none by default. */
  readonly violations?: readonly RegExp[];
  /** What the access log says, once it is written. */
  readonly log?: { readonly code?: number; readonly details?: string; readonly metadata?: object };
  /** Only these lines of the real one behave so. */
  readonly lines?: readonly EnvoyLine[];
}

export interface LogLine {
  readonly code: number;
  readonly details: string;
  readonly metadata: object | undefined;
}

export interface Lab {
  run(row: Row): Promise<Outcome>;
  /** What the double complained of since the last row; a real one does not say. */
  violations(setup: string): readonly string[] | undefined;
  /** Stops Envoy, which writes out its access log: by the names of the rows. */
  close(): Promise<ReadonlyMap<string, LogLine>>;
}

/** Something that happens when it is told to; each wait is for the next time. */
export function gate(): { opened(): Promise<void>; open(): void } {
  let open = (): void => {};
  return {
    opened: () =>
      new Promise((resolve) => {
        open = resolve;
      }),
    open: () => open(),
  };
}

/** Waits for what happens in its own time, at most five seconds. */
export async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !condition(); tries++) await new Promise((resolve) => setTimeout(resolve, 10));
  if (!condition()) throw new Error("it never came to that");
}

const echo: Providing = (_request, response, { body }) => {
  const text = JSON.stringify({ echo: body });
  response.writeHead(200, { "content-type": "application/json", "content-length": String(text.length) });
  response.end(text);
};

async function startProvider() {
  let received: Received[] = [];
  let script = echo;
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    const each: Received = { method, url, headers, body: "", aborted: false };
    received.push(each);
    const abort = (): void => {
      each.aborted = true;
    };
    request.on("error", abort).on("data", (bytes: Buffer) => {
      each.body += bytes.toString("latin1");
    });
    response.on("close", () => {
      if (!response.writableFinished) abort();
    });
    request.on("end", () => script(request, response, each));
  });
  server.on("connection", (socket) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    play(next: Providing = echo): readonly Received[] {
      script = next;
      received = [];
      return received;
    },
    close(): void {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function ask(url: string, row: string, asking: Asking, outcome: Outcome): Promise<void> {
  const { method = "POST", path = "/v1/chat", headers = {}, pieces, body = "", patience = 10_000 } = asking;
  const whole = pieces === undefined && method !== "GET" && method !== "HEAD";
  const length = whole ? { "content-length": String(Buffer.byteLength(body)) } : {};
  const chunked = pieces && !("content-length" in headers) ? { "transfer-encoding": "chunked" } : {};
  await new Promise<void>((resolve) => {
    const request = open(url + path, {
      method,
      agent: false,
      headers: { "x-row": row, ...length, ...chunked, ...headers },
    });
    const timer = setTimeout(() => {
      outcome.hung = true;
      request.destroy();
    }, patience);
    const over = (): void => {
      clearTimeout(timer);
      resolve();
    };
    request.on("error", over).on("response", (response) => {
      outcome.status = response.statusCode ?? 0;
      outcome.headers = response.headers;
      response.on("data", (bytes: Buffer) => {
        outcome.pieces.push(bytes.toString("latin1"));
        outcome.text += outcome.pieces.at(-1);
        if (asking.leaveAt !== undefined && outcome.text.includes(asking.leaveAt)) request.destroy();
      });
      if (asking.pausedUntil) {
        response.pause();
        asking.pausedUntil().then(() => response.resume(), over);
      }
      response.on("error", over).on("close", over);
      response.on("end", () => {
        outcome.broken = !response.complete;
        outcome.trailers = response.trailers;
      });
    });
    request.on("upgrade", (response, socket) => {
      outcome.status = response.statusCode ?? 0;
      socket.destroy();
      over();
    });
    send(request, whole ? [body] : (pieces ?? []), asking.open === true).catch(over);
  });
}

async function send(request: ReturnType<typeof open>, pieces: readonly string[], stays: boolean): Promise<void> {
  for (const each of pieces) {
    request.write(each);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  if (!stays) request.end();
}

/** Waits for what a call still has to say, a moment only: a stream that hangs is an outcome too. */
async function settled(calls: readonly RawCall[]): Promise<void> {
  const moment = new Promise<void>((resolve) => setTimeout(resolve, 1_500).unref());
  await Promise.race([moment, Promise.all(calls.map(({ over }) => over))]);
}

const kindOf = (message: ProcessingRequest): RequestKind => message.request ?? "request_headers";

interface Target {
  url(setup: string): string;
  violations(setup: string): readonly string[] | undefined;
  close(): Promise<ReadonlyMap<string, LogLine>>;
}

async function fakeTarget(
  setups: Readonly<Record<string, EnvoySetup>>,
  at: (setup: string) => string,
): Promise<Target> {
  const envoys = new Map<string, FakeEnvoy>();
  for (const [name, setup] of Object.entries(setups))
    envoys.set(name, await startFakeEnvoy({ ...setup, processor: at(name) }));
  const seen = new Map<string, number>();
  return {
    url: (setup) => envoys.get(setup)?.url ?? "",
    violations(setup) {
      const all = envoys.get(setup)?.violations ?? [];
      const from = seen.get(setup) ?? 0;
      seen.set(setup, all.length);
      return all.slice(from);
    },
    async close() {
      const lines = new Map<string, LogLine>();
      for (const envoy of envoys.values()) {
        await envoy.close();
        for (const { headers, code, details, metadata } of envoy.accessLog)
          lines.set(headers["x-row"] ?? "", { code, details, metadata: metadata.postern as object | undefined });
      }
      return lines;
    },
  };
}

interface Listeners {
  readonly listener_statuses?: readonly {
    readonly name: string;
    readonly local_address: { readonly socket_address: { readonly port_value: number } };
  }[];
}

async function realTarget(line: EnvoyLine, bootstrap: object): Promise<Target> {
  const envoy: RealEnvoy = await startRealEnvoy({ line, bootstrap });
  const answer = await fetch(`${envoy.admin}/listeners?format=json`);
  const { listener_statuses: statuses = [] } = (await answer.json()) as Listeners;
  const ports = new Map(statuses.map((each) => [each.name, each.local_address.socket_address.port_value]));
  return {
    url: (setup) => `http://127.0.0.1:${ports.get(setup)}`,
    violations: () => undefined,
    async close() {
      await envoy.close();
      const lines = envoy.accessLog.map((text) => JSON.parse(text) as LogLine & { row: string; postern?: object });
      return new Map(lines.map(({ row, code, details, postern }) => [row, { code, details, metadata: postern }]));
    },
  };
}

/** Callers, one Envoy of either kind for each setup, a processor that is told what to do, a provider. */
export async function startLab(
  kind: "fake" | EnvoyLine,
  make: (url: string) => Readonly<Record<string, EnvoySetup>>,
  dead: readonly string[] = [],
): Promise<Lab> {
  const [provider, processor, deadPort] = [await startProvider(), await startRawProcessor(), await freePort()];
  const setups = make(provider.url);
  const port = (setup: string): number => (dead.includes(setup) ? deadPort : processor.port);
  const target =
    kind === "fake"
      ? await fakeTarget(setups, (setup) => `127.0.0.1:${port(setup)}`)
      : await realTarget(kind, bootstrapOf(setups, { port: processor.port, deadPort, dead }));
  return {
    async run(row) {
      const received = provider.play(row.provider);
      processor.play(row.processor);
      const outcome: Outcome = {
        ...{ status: 0, headers: {}, text: "", pieces: [], trailers: {}, broken: true, hung: false, received },
        get calls() {
          return processor.calls;
        },
        get kinds() {
          return processor.calls[0]?.heard.map(kindOf) ?? [];
        },
      };
      await ask(target.url(row.setup), row.name, row.ask ?? {}, outcome);
      await settled(processor.calls);
      return outcome;
    },
    violations: target.violations,
    async close() {
      const lines = await target.close();
      processor.stop();
      provider.close();
      return lines;
    },
  };
}
