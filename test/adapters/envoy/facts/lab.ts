import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { ProcessingRequest, RequestKind } from "../../../doubles/fake-envoy/protocol.ts";
import type { EnvoySetup } from "../../../doubles/fake-envoy/setup.ts";
import type { EnvoyLine } from "../../../doubles/real-envoy.ts";
import { bootstrapOf } from "./bootstrap.ts";
import { type Asking, ask } from "./caller.ts";
import { pause } from "./moments.ts";
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
  /** How many of so many requests were answered 503. */
  flood(setup: string, requests: number, processor: ProcessorScript): Promise<number>;
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

/** Waits for what calls still have to say, a moment only: a stream that hangs is an outcome too, and so is none. */
async function settled(processor: RawProcessor): Promise<void> {
  const end = Date.now() + 1_500;
  const over = (): boolean => processor.calls.length > 0 && processor.calls.every((call) => call.isOver);
  while (!over() && Date.now() < end) await pause(5);
}

const kindOf = (message: ProcessingRequest): RequestKind => message.request ?? "request_headers";

/** Requests at once in a flood. */
const width = 10;

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
      if (!dead.includes(row.setup)) await settled(processor);
      return outcome;
    },
    async flood(setup, requests, script) {
      processor.play(script);
      const url = target.url(setup);
      let refused = 0;
      const ask = async (): Promise<void> => {
        const answer = await fetch(`${url}/v1/models`);
        await answer.text();
        if (answer.status === 503) refused += 1;
      };
      for (let asked = 0; asked < requests; asked += width) await Promise.all(Array.from({ length: width }, ask));
      return refused;
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
