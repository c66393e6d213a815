import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { EnvoySetup } from "../../../doubles/fake-envoy/index.ts";
import type { ProcessingRequest, RequestKind } from "../../../doubles/fake-envoy/protocol.ts";
import type { EnvoyLine } from "../../../doubles/real-envoy.ts";
import { bootstrapOf } from "./bootstrap.ts";
import { type Asking, ask } from "./caller.ts";
import { type Providing, type Received, startProvider } from "./provider.ts";
import { type ProcessorScript, type RawCall, type RawProcessor, startRawProcessor } from "./raw-processor.ts";
import { fakeTarget, type LogLine, realTarget } from "./targets.ts";

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

export interface Lab {
  readonly processor: RawProcessor;
  run(row: Row): Promise<Outcome>;
  /** What the double complained of since the last row; a real one does not say. */
  violations(setup: string): readonly string[] | undefined;
  /** Stops Envoy, which writes out its access log: by the names of the rows. */
  close(): Promise<ReadonlyMap<string, LogLine>>;
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

/** Waits for what a call still has to say, a moment only: a stream that hangs is an outcome too. */
async function settled(calls: readonly RawCall[]): Promise<void> {
  const moment = new Promise<void>((resolve) => setTimeout(resolve, 1_500).unref());
  await Promise.race([moment, Promise.all(calls.map(({ over }) => over))]);
}

const kindOf = (message: ProcessingRequest): RequestKind => message.request ?? "request_headers";

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
    processor,
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
