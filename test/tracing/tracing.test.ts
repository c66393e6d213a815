import { trace } from "@opentelemetry/api";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { createTestGateway, echoes, fails, inTurn, says } from "../../adapters/testing.ts";
import { hashKey } from "../../src/access/keys.ts";
import { attribute } from "../../src/tracing/attributes.ts";

const exporter = new InMemorySpanExporter();
beforeAll(() =>
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })),
);
beforeEach(() => exporter.reset());
afterAll(() => trace.disable());

const url = "https://api.openai.com/v1/chat/completions";
const ask = (content: string, fields: object = {}, headers: object = {}): RequestInit => ({
  method: "POST",
  headers: { authorization: "Bearer psk_web", "content-type": "application/json", ...headers },
  body: JSON.stringify({ model: "fast", messages: [{ role: "user", content }], ...fields }),
});
const openai = { provider: "openai" as const, apiKey: "sk-test" };
const config = {
  targets: { first: openai, second: openai },
  models: {
    fast: {
      targets: [
        { target: "first", model: "gpt-5-mini" },
        { target: "second", model: "gpt-5-mini" },
      ],
    },
  },
  access: { keys: [{ id: "web", hash: hashKey("psk_web"), team: "search" }] },
  tracing: { payloads: "redacted" as const },
};

describe("spans", () => {
  it("one server span for the call, one client span for each attempt, in the caller's trace", async () => {
    const test = createTestGateway(config);
    test.answer(inTurn(fails(503), says("Hello [EMAIL_1]")));
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await (await test.fetch(url, ask("I am maria@example.com", {}, { traceparent }))).text();
    const spans = exporter.getFinishedSpans();
    const call = spans.find((span) => span.attributes[attribute.callId] !== undefined);
    const attempts = spans.filter((span) => span !== call);
    expect(attempts.map((span) => span.attributes[attribute.target])).toEqual(["first", "second"]);
    expect(attempts.map((span) => span.attributes[attribute.attemptResult])).toEqual(["rejected", "answered"]);
    expect(attempts.every((span) => span.parentSpanContext?.spanId === call?.spanContext().spanId)).toBe(true);
    expect(call?.parentSpanContext?.spanId).toBe("b7ad6b7169203331");
    expect(call?.spanContext().traceId).toBe("0af7651916cd43dd8448eb211c80319c");
    expect(call?.attributes).toMatchObject({
      [attribute.outcome]: "answered",
      [attribute.requestModel]: "fast",
      [attribute.team]: "search",
      [attribute.key]: "web",
      [attribute.findings]: ["EMAIL masked 1"],
      [attribute.inputTokens]: test.receipts[0]?.usage.input,
    });
    expect(attempts[1]?.attributes[attribute.responseModel]).toBe("gpt-5-mini");
    await test.close();
  });

  it("a refused call has a span with its code, and no attempt", async () => {
    const test = createTestGateway(config);
    await test.fetch(url, ask("hello", { model: "gpt-unknown" }));
    const spans = exporter.getFinishedSpans();
    expect(spans).toHaveLength(1);
    expect(spans[0]?.attributes[attribute.errorType]).toBe("model_not_found");
    await test.close();
  });
});

describe("records", () => {
  it("keep the call, its attempts and, when asked to, payloads without anything personal", async () => {
    const test = createTestGateway(config);
    test.answer(echoes);
    for (const stream of [false, true]) await (await test.fetch(url, ask("I am maria@example.com", { stream }))).text();
    const records = await test.gateway.records();
    expect(records.map(({ receipt }) => receipt.stream)).toEqual([true, false]);
    for (const { request, answer, receipt } of records) {
      expect(request).toContain("I am [EMAIL_1]");
      expect(answer).toContain("I am [EMAIL_1]");
      expect(`${request}${answer}`).not.toContain("maria@example.com");
      expect(receipt.attempts).toHaveLength(1);
    }
    await test.close();
  });

  it("keep no payload unless asked to", async () => {
    const test = createTestGateway({ ...config, tracing: { payloads: "metadata" } });
    await (await test.fetch(url, ask("hello"))).text();
    const [record] = await test.gateway.records();
    expect(record?.receipt.outcome).toBe("answered");
    expect(record?.request).toBeUndefined();
    expect(record?.answer).toBeUndefined();
    await test.close();
  });
});

describe("what a developer sees", () => {
  it("one line a call", async () => {
    const lines: string[] = [];
    const log = { debug() {}, info: (_fields: object, message: string) => lines.push(message), warn() {}, error() {} };
    const test = createTestGateway({ ...config, tracing: { line: true } }, { log });
    const answer = await test.fetch(url, ask("I am maria@example.com"));
    await answer.text();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^fast → first · hid 1 \(EMAIL\) · \d+\+\d+ tok · \$\d+\.\d{4} · \+\d+\.\d ms · call [0-9A-Z]{26}$/,
    );
    expect(answer.headers.get("server-timing")).toMatch(/^postern;dur=\d+\.\d\d$/);
    expect(answer.headers.get("x-postern-call-id")).toBe(test.receipts[0]?.id);
    await test.close();
  });
});
