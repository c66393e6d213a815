import { trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { createTestGateway, echoes, fails, inTurn, type TestGateway } from "../../adapters/testing.ts";
import { hashKey } from "../../src/access/keys.ts";
import type { ConfigInput } from "../../src/index.ts";
import { canaries, showsIn } from "../security/canaries.ts";
import { kind, type OtlpReceiver, type ReceivedSpan, startReceiver, status } from "./otlp-receiver.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const parentId = "b7ad6b7169203331";
const sampled = { traceparent: `00-${traceId}-${parentId}-01` };
const words = "The weather in Aberystwyth";
const { email, secret } = canaries;
const openai = { provider: "openai" as const, apiKey: "sk-operator-0123456789" };
const config: ConfigInput = {
  targets: { first: openai, second: openai, claude: { ...openai, provider: "anthropic" } },
  models: {
    fast: {
      targets: [
        { target: "first", model: "gpt-5-mini" },
        { target: "second", model: "gpt-5-mini" },
      ],
    },
    claude: { targets: [{ target: "claude", model: "claude-haiku-4-5" }] },
  },
  access: { keys: [{ id: "web", hash: hashKey("psk_web"), team: "search" }] },
  tracing: { payloads: "redacted" },
};

let receiver: OtlpReceiver;
let provider: BasicTracerProvider;
let test: TestGateway;
beforeAll(async () => {
  receiver = await startReceiver();
  const exporter = new OTLPTraceExporter({ url: receiver.url });
  provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
  trace.setGlobalTracerProvider(provider);
});
beforeEach(() => {
  receiver.forget();
  test = createTestGateway(config);
  test.answer(echoes);
});
afterEach(() => test.close());
afterAll(async () => {
  trace.disable();
  await provider.shutdown();
  await receiver.close();
});

const urls = {
  openai: "https://api.openai.com/v1/chat/completions",
  anthropic: "https://api.anthropic.com/v1/messages",
};

async function ask(content: string, fields: object = {}, headers: object = {}, url = urls.openai): Promise<string> {
  const answer = await test.fetch(url, {
    method: "POST",
    headers: {
      authorization: "Bearer psk_web",
      "anthropic-version": "2023-06-01",
      "content-type": "application/json",
      ...headers,
    },
    body: JSON.stringify({ model: "fast", max_tokens: 100, messages: [{ role: "user", content }], ...fields }),
  });
  return answer.text();
}

/** What the collector has once all is sent: the call's span, and those of its attempts in order. */
async function received(): Promise<{ readonly call: ReceivedSpan; readonly attempts: readonly ReceivedSpan[] }> {
  await provider.forceFlush();
  const [call, more] = receiver.spans.filter((span) => span.kind === kind.server);
  if (call === undefined || more !== undefined) throw new Error("there is not one server span");
  const attempts = receiver.spans
    .filter((span) => span !== call && span.spanId !== call.spanId)
    .sort((a, b) => Number(a.attributes["postern.attempt.number"]) - Number(b.attributes["postern.attempt.number"]));
  return { call, attempts };
}

describe("what a collector gets by OTLP", () => {
  it("is one server span in the caller's trace, with one client span below it for each attempt", async () => {
    test.answer(inTurn(fails(503), echoes));
    await ask(words, {}, sampled);
    const { call, attempts } = await received();
    expect(call).toMatchObject({ name: "chat fast", kind: kind.server, traceId, parentSpanId: parentId });
    expect(call.status).toBe(status.unset);
    expect(attempts.map(({ name, kind, status }) => [name, kind, status])).toEqual([
      ["chat gpt-5-mini", kind.client, status.error],
      ["chat gpt-5-mini", kind.client, status.unset],
    ]);
    for (const attempt of attempts) expect(attempt).toMatchObject({ traceId, parentSpanId: call.spanId });
    expect(new Set([call, ...attempts].map(({ spanId }) => spanId)).size).toBe(3);
  });

  it("names model, provider, tokens and cost as the GenAI conventions do, and the rest under postern", async () => {
    test.answer(inTurn(fails(503), echoes));
    await ask(`I am ${email}`);
    const { call, attempts } = await received();
    const { usage, id, cost } = test.receipts[0] ?? { usage: undefined, id: "none", cost: 0n };
    const tokens = { "gen_ai.usage.input_tokens": usage?.input, "gen_ai.usage.output_tokens": usage?.output };
    expect(usage?.input).toBeGreaterThan(0);
    expect(call.attributes).toMatchObject({
      "gen_ai.operation.name": "chat",
      "gen_ai.request.model": "fast",
      "http.response.status_code": 200,
      "postern.call.id": id,
      "postern.dialect": "openai-chat",
      "postern.outcome": "answered",
      "postern.attempts": 2,
      "postern.team": "search",
      "postern.key": "web",
      "postern.target": "second",
      "postern.findings": ["EMAIL masked 1"],
      "postern.cost": Number(cost) / 1e12,
      ...tokens,
    });
    expect(attempts[0]?.attributes).toMatchObject({
      "postern.target": "first",
      "postern.attempt.number": 1,
      "postern.attempt.result": "rejected",
      "http.response.status_code": 503,
      "error.type": expect.stringMatching(/^[a-z_]+$/),
    });
    expect(attempts[1]?.attributes).toMatchObject({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-5-mini",
      "gen_ai.response.model": "gpt-5-mini",
      "server.address": "api.openai.com",
      "postern.target": "second",
      "postern.attempt.number": 2,
      "postern.attempt.result": "answered",
      ...tokens,
    });
  });

  it("is the same of a stream in the other dialect, with the time to its first chunk", async () => {
    await ask(words, { model: "claude", stream: true }, sampled, urls.anthropic);
    const { call, attempts } = await received();
    expect(call).toMatchObject({ name: "chat claude", traceId, parentSpanId: parentId });
    expect(attempts).toHaveLength(1);
    expect(attempts[0]).toMatchObject({ name: "chat claude-haiku-4-5", parentSpanId: call.spanId });
    expect(attempts[0]?.attributes).toMatchObject({
      "gen_ai.provider.name": "anthropic",
      "gen_ai.response.time_to_first_chunk": expect.any(Number),
      "server.address": "api.anthropic.com",
    });
  });

  it("is a trace of its own for a caller without one", async () => {
    await ask(words);
    const { call, attempts } = await received();
    expect(call.parentSpanId ?? "").toBe("");
    expect(call.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(attempts.map((attempt) => attempt.traceId)).toEqual([call.traceId]);
  });

  it("is nothing where the caller does not sample", async () => {
    await ask(words, {}, { traceparent: sampled.traceparent.replace(/01$/, "00") });
    await provider.forceFlush();
    expect(test.receipts).toHaveLength(1);
    expect(receiver.spans).toEqual([]);
  });

  it("is one span with the code of a call that was refused, and no attempt", async () => {
    await ask(`my key is ${secret}`, {}, sampled);
    const { call, attempts } = await received();
    expect(attempts).toEqual([]);
    expect(call).toMatchObject({ parentSpanId: parentId, status: status.error });
    expect(call.attributes).toMatchObject({ "postern.outcome": "refused", "error.type": "secret_blocked" });
  });

  it("holds no text of a request or an answer, no personal data and no credential", async () => {
    const said = await ask(`${words}, says ${email}`);
    await ask(`${words}, says ${email}`, { stream: true });
    await ask(`${words} opens with ${secret}`);
    await ask(words, { model: email });
    test.answer(fails(500, { "x-request-id": email }));
    await ask(words, { messages: [{ role: "user", content: `${words} ${email}` }] });
    await provider.forceFlush();
    expect(said).toContain(email);
    expect(receiver.spans.filter((span) => span.kind === kind.server)).toHaveLength(5);
    for (const kind of ["email", "secret"] as const)
      expect([kind, showsIn(receiver.text, kind)]).toEqual([kind, false]);
    for (const text of ["Aberystwyth", "[EMAIL_1]", "psk_web", openai.apiKey])
      expect(receiver.text).not.toContain(text);
  });
});
