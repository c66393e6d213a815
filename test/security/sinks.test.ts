import { trace } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { createTestGateway, fails, type Script, says } from "../../adapters/testing.ts";
import { hashKey } from "../../src/access/keys.ts";
import { systemClock } from "../../src/clock.ts";
import { type ConfigInput, createMemoryStores, type OwnStep, type Receipt, type Stores } from "../../src/index.ts";

const canary = "canary.seven@leak.example.com";
const token = `ghp_${"x7Kq2mW9".repeat(4)}Zt4B`;
const url = "https://api.openai.com/v1/chat/completions";

const exporter = new InMemorySpanExporter();
beforeAll(() =>
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })),
);
afterAll(() => trace.disable());

const throwing = (hook: "head" | "request" | "attempt" | "settle"): OwnStep => ({
  after: "redaction",
  step: {
    name: "careless",
    open: () => ({
      [hook]: () => {
        throw new Error(`failed on ${canary} with ${token}`);
      },
    }),
  },
});

const broken = (part: "counters" | "ledger" | "records"): Stores => {
  const stores = createMemoryStores({ clock: systemClock }, { keep: 10 });
  const failing = async (): Promise<never> => {
    throw new Error(`cannot write ${canary}`);
  };
  const methods = { counters: ["reserve", "reserveNow", "settle"], ledger: ["append"], records: ["write"] }[part];
  const patched = Object.assign(
    Object.create(stores[part]),
    Object.fromEntries(methods.map((name) => [name, failing])),
  );
  return { ...stores, [part]: patched };
};

const streamed =
  (pieces: readonly string[]): Script =>
  () => ({ headers: { "content-type": "text/event-stream" }, pieces });
const chunk = (content: string): string =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: canary, choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;
const inBand = `data: ${JSON.stringify({ error: { message: canary, type: canary, code: token } })}\n\n`;
const errorBody: Script = () => ({
  status: 400,
  headers: { "content-type": "application/json", "x-request-id": canary },
  pieces: [JSON.stringify({ error: { message: `no ${canary}`, type: token, code: canary } })],
});

interface Path {
  readonly body?: object | string;
  readonly headers?: Record<string, string>;
  readonly query?: string;
  readonly script?: Script;
  readonly step?: OwnStep;
  readonly stores?: Stores;
  readonly outcome: Receipt["outcome"] | readonly Receipt["outcome"][];
  /** The caller may see its own value, or what its provider says of it. */
  readonly toCaller?: boolean;
}

const chat = (content: string, fields: object = {}): object => ({
  model: "fast",
  max_tokens: 100,
  messages: [{ role: "user", content }],
  ...fields,
});
const echo: Script = (request, number) => says(request.body)(request, number);

const paths: Readonly<Record<string, Path>> = {
  "an answered call": { body: chat(`I am ${canary}`), script: echo, outcome: "answered", toCaller: true },
  "a streamed call": {
    body: chat(`I am ${canary}`, { stream: true }),
    script: echo,
    outcome: "answered",
    toCaller: true,
  },
  "an e-mail that the model made up": {
    body: chat("hello"),
    script: says(`Write to ${canary}`),
    outcome: "answered",
    toCaller: true,
  },
  "tool arguments": {
    body: chat("hello", { tools: [{ type: "function", function: { name: "mail", description: canary } }] }),
    script: echo,
    outcome: "answered",
    toCaller: true,
  },
  "a blocked secret": { body: chat(`my key is ${token}`), outcome: "refused" },
  "a model's name": { body: chat("hello", { model: canary }), outcome: "refused" },
  "a key of the body": { body: chat("hello", { [canary]: 1 }), outcome: "refused" },
  "broken JSON": { body: `{"model":"fast","messages":"${canary}`, outcome: "refused" },
  "an attribution header": { body: chat("hello"), headers: { "x-postern-customer": canary }, outcome: "refused" },
  "a query": { body: chat("hello"), query: `?user=${encodeURIComponent(canary)}`, outcome: "refused" },
  "a credential": { body: chat("hello"), headers: { authorization: `Bearer ${token}` }, outcome: "refused" },
  "a provider's error": { body: chat(`I am ${canary}`), script: errorBody, outcome: "failed", toCaller: true },
  "an in-band error before content": {
    body: chat("hello", { stream: true }),
    script: streamed([inBand]),
    outcome: "failed",
  },
  "an in-band error after content": {
    body: chat("hello", { stream: true }),
    script: streamed([chunk("a word"), inBand]),
    outcome: "failed",
    toCaller: true,
  },
  "a broken stream": {
    body: chat(`I am ${canary}`, { stream: true }),
    script: streamed([chunk(`${canary} [EMAIL_1]`)]),
    outcome: "failed",
    toCaller: true,
  },
  "malformed events": {
    body: chat("hello", { stream: true }),
    script: streamed([`data: {"choices": ${canary}\n\n`]),
    outcome: "failed",
  },
  "a provider's 503": { body: chat(`I am ${canary}`), script: fails(503), outcome: "failed" },
  "a store of money that fails": { body: chat(`I am ${canary}`), stores: broken("counters"), outcome: "refused" },
  "a ledger that fails": { body: chat(`I am ${canary}`), stores: broken("ledger"), outcome: "refused" },
  "a step that throws at the head": { body: chat("hello"), step: throwing("head"), outcome: "refused" },
  "a step that throws at the body": { body: chat("hello"), step: throwing("request"), outcome: "refused" },
  "a step that throws at an attempt": {
    body: chat("hello"),
    step: throwing("attempt"),
    outcome: ["refused", "failed"],
  },
  "a step that throws when it settles": { body: chat("hello"), step: throwing("settle"), outcome: "answered" },
};

const config = (payloads: "redacted" | "metadata"): ConfigInput => ({
  targets: { first: { provider: "openai", apiKey: "sk-operator" } },
  models: { fast: { targets: [{ target: "first", model: "gpt-5-mini" }] } },
  access: { keys: [{ id: "web", hash: hashKey("psk_web"), team: "search", allow: ["customer"] }] },
  budgets: [{ scope: { team: "search" }, limit: "$100" }],
  tracing: { payloads, line: true },
});

const plain = (value: unknown): string =>
  JSON.stringify(value, (_key, item) =>
    typeof item === "bigint" ? `${item}` : item instanceof Error ? `${item.message}${item.stack}` : item,
  );

describe.each(["redacted", "metadata"] as const)("no sink gets personal data or a secret, payloads: %s", (payloads) => {
  it.each(Object.entries(paths))("%s", async (_name, path) => {
    exporter.reset();
    const lines: unknown[] = [];
    const note = (fields: object, message: string): void => void lines.push([fields, message]);
    const log = { debug: note, info: note, warn: note, error: note };
    const test = createTestGateway(config(payloads), {
      log,
      ...(path.step && { steps: [path.step] }),
      ...(path.stores && { stores: path.stores }),
    });
    if (path.script) test.answer(path.script);
    const body = typeof path.body === "string" ? path.body : JSON.stringify(path.body);
    const headers = { authorization: "Bearer psk_web", "content-type": "application/json", ...path.headers };
    const answer = await test.fetch(url + (path.query ?? ""), { method: "POST", headers, body });
    const got = await answer.text();
    const [receipt] = test.receipts;
    const records = await test.gateway.records();
    const spans = exporter
      .getFinishedSpans()
      .map(({ name, attributes, events, status }) => ({ name, attributes, events, status }));
    await test.close();

    expect([path.outcome].flat()).toContain(receipt?.outcome);
    const sinks = { receipt, records, lines, spans };
    for (const [sink, content] of Object.entries(sinks)) {
      const text = plain(content);
      expect(text.length).toBeGreaterThan(20);
      expect([sink, text.includes(canary), text.includes(token)]).toEqual([sink, false, false]);
    }
    if (!path.toCaller) expect(got).not.toMatch(/canary\.seven|ghp_x7/);
  });
});

it("a store of records that fails costs the record, not the call, and its message stays with it", async () => {
  const lines: unknown[] = [];
  const note = (fields: object, message: string): void => void lines.push([fields, message]);
  const test = createTestGateway(config("redacted"), {
    log: { debug: note, info: note, warn: note, error: note },
    stores: broken("records"),
  });
  const headers = { authorization: "Bearer psk_web", "content-type": "application/json" };
  const answer = await test.fetch(url, { method: "POST", headers, body: JSON.stringify(chat(`I am ${canary}`)) });
  expect(answer.status).toBe(200);
  await test.close();
  expect(plain(lines)).toContain("records are dropped");
  expect(plain(lines)).not.toContain(canary);
});
