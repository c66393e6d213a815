import { trace } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { createTestGateway, type Script, says } from "../../adapters/testing.ts";
import { hashKey } from "../../src/access/keys.ts";
import { systemClock } from "../../src/engine/clock.ts";
import { type ConfigInput, createMemoryStores, type OwnStep, type Receipt, type Stores } from "../../src/index.ts";
import type { Clock } from "../../src/step.ts";
import { canaries, showsIn } from "./canaries.ts";

export const { email, secret } = canaries;
export const origin = "https://api.openai.com";
export const chatUrl = `${origin}/v1/chat/completions`;

const exporter = new InMemorySpanExporter();
export function recordSpans(): void {
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
}

/** One call and what becomes of it. */
export interface Path {
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly url?: string;
  readonly script?: Script;
  readonly step?: OwnStep;
  readonly stores?: () => Stores;
  readonly config?: ConfigInput;
  /** The caller leaves once it has heard so many bytes. */
  readonly leavesAfter?: number;
  readonly outcome: Receipt["outcome"] | readonly Receipt["outcome"][];
  readonly attempts?: number;
  /** The caller may see its own value, or what its provider says of it. */
  readonly toCaller?: boolean;
}

export const chat = (content: string, fields: object = {}): object => ({
  model: "fast",
  max_tokens: 100,
  messages: [{ role: "user", content }],
  ...fields,
});

export const echo: Script = (request, number) => says(request.body)(request, number);

const target = (name: string) => ({ target: name, model: "gpt-5-mini" });
export const config = (overrides: ConfigInput): ConfigInput => ({
  targets: {
    first: { provider: "openai", apiKey: "sk-operator" },
    second: { provider: "openai", apiKey: "sk-operator" },
  },
  models: {
    fast: { targets: [target("first"), target("second")] },
    plain: { targets: [{ target: "first", model: "gpt-4.1-mini" }] },
  },
  access: {
    keys: [
      { id: "web", hash: hashKey("psk_web"), team: "search", allow: ["customer", "feature"] },
      { id: "poor", hash: hashKey("psk_poor"), team: "poor" },
    ],
  },
  budgets: [
    { scope: { team: "search" }, limit: "$100" },
    { scope: { customer: "*" }, limit: "$100" },
    { scope: { team: "poor" }, limit: "$0.002" },
  ],
  ...overrides,
});

/** Everything that is written down about a call, as text. */
export interface Sinks {
  readonly receipt: string;
  readonly log: string;
  readonly spans: string;
  readonly records: string;
}

export interface Seen {
  readonly receipts: readonly Receipt[];
  readonly records: number;
  readonly sinks: Sinks;
  /** What the caller heard, and the message of what its fetch threw. */
  readonly got: string;
  readonly thrown: string;
  /** What left, all requests together. */
  readonly left: string;
}

const all = (value: unknown): string =>
  JSON.stringify(value, (_key, item) => {
    if (typeof item === "bigint") return `${item}`;
    return item instanceof Error ? { ...item, message: item.message, stack: item.stack, cause: item.cause } : item;
  }) ?? "";

/** Patience with a store that fails takes ten seconds. */
const hurried: Clock = { ...systemClock, after: (ms, callback) => systemClock.after(ms / 100, callback) };

/** Runs a path against a gateway of its own and gathers every sink. */
export async function run(path: Path, overrides: ConfigInput = {}): Promise<Seen> {
  exporter.reset();
  const lines: unknown[] = [];
  const note = (fields: object, message: string): void => void lines.push([fields, message]);
  const test = createTestGateway(
    config({ ...path.config, ...overrides, tracing: { line: true, ...overrides.tracing } }),
    {
      log: { debug: note, info: note, warn: note, error: note },
      ...(path.step && { steps: [path.step] }),
      ...(path.stores && { stores: path.stores(), clock: hurried }),
    },
  );
  if (path.script) test.answer(path.script);
  const { got, thrown } = await hear(test.fetch, path);
  while (test.receipts.length === 0) await new Promise(setImmediate);
  const records = await test.gateway.records();
  await test.gateway.close(100);
  const spans = exporter
    .getFinishedSpans()
    .map(({ name, attributes, events, status, links }) => ({ name, attributes, events, status, links }));
  const { receipts, requests } = test;
  const sinks = { receipt: all(receipts), log: all(lines), spans: all(spans), records: all(records) };
  const left = all(requests.map(({ url, body }) => [url, body]));
  return { receipts, records: records.length, sinks, got, thrown, left };
}

async function hear(fetch: typeof globalThis.fetch, path: Path): Promise<Pick<Seen, "got" | "thrown">> {
  const { body } = path;
  const headers = { authorization: "Bearer psk_web", "content-type": "application/json", ...path.headers };
  const leaving = new AbortController();
  let got = "";
  let heard = 0;
  try {
    const answer = await fetch(path.url ?? chatUrl, {
      method: body === undefined ? "GET" : "POST",
      headers,
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      signal: leaving.signal,
    });
    got = `${all([...answer.headers])}\n`;
    for await (const bytes of answer.body ?? []) {
      got += Buffer.from(bytes).toString();
      heard += bytes.length;
      if (heard >= (path.leavesAfter ?? Number.POSITIVE_INFINITY)) leaving.abort();
    }
    return { got, thrown: "" };
  } catch (cause) {
    return { got, thrown: all(cause) };
  }
}

/** The sinks that hold a canary. */
export const leaksIn = (sinks: object): readonly string[] =>
  Object.entries(sinks)
    .filter(([, text]) => showsIn(text, "email") || showsIn(text, "secret"))
    .map(([sink]) => sink);

/** A step between ours that fails with the caller's text in its message, on a line that looks like a stack frame too. */
export const careless = (hook: "head" | "request" | "attempt" | "settle"): OwnStep => ({
  after: "redaction",
  step: {
    name: "careless",
    open: () => ({
      [hook]: () => {
        throw new Error(`failed on ${email}\n    at ${email} with ${secret}`);
      },
    }),
  },
});

/** Memory stores of which one part rejects with the caller's text in its message. */
export function broken(part: "counters" | "ledger" | "records"): Stores {
  const stores = createMemoryStores({ clock: systemClock }, { keep: 10 });
  const failing = async (): Promise<never> => {
    throw new Error(`cannot write ${email}\n    at ${secret}`);
  };
  const methods = { counters: ["reserve", "reserveNow", "settle"], ledger: ["append"], records: ["write"] }[part];
  const failings = Object.fromEntries(methods.map((name) => [name, failing]));
  return { ...stores, [part]: Object.assign(Object.create(stores[part]), failings) };
}
