import { createTestGateway, type TestGateway } from "../../adapters/testing.ts";
import { type ErrorCode, errorTable } from "../../src/errors.ts";
import type { ConfigInput, HeaderMap, HttpRequest } from "../../src/index.ts";

/** Stands in every bad input, so that a reply which quotes any of it shows. */
export const marker = "zebra-4711-marker";

export interface Heard {
  readonly status: number;
  readonly headers: HeaderMap;
  readonly body: string;
}

/** A dialect, as its callers speak it. */
export interface Wire {
  readonly name: "openai" | "anthropic";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The least that is a valid call. */
  readonly body: Readonly<Record<string, unknown>>;
}

const messages = [{ role: "user", content: "hello" }];
export const openai: Wire = {
  name: "openai",
  url: "/v1/chat/completions",
  headers: { authorization: "Bearer sk-own", "content-type": "application/json" },
  body: { model: "gpt-5-mini", messages },
};
export const anthropic: Wire = {
  name: "anthropic",
  url: "/v1/messages",
  headers: { "x-api-key": "sk-ant-own", "anthropic-version": "2023-06-01", "content-type": "application/json" },
  body: { model: "claude-haiku-4-5", max_tokens: 9, messages },
};
export const wires = [openai, anthropic] as const;

/** Answers anything, whatever it was sent. */
export function createHostileGateway(config: ConfigInput = {}): TestGateway {
  const test = createTestGateway(config);
  test.answer(({ url }) => ({
    headers: { "content-type": "application/json" },
    pieces: [url.includes("/messages") ? anthropicAnswer : openaiAnswer],
  }));
  return test;
}

const openaiAnswer = JSON.stringify({
  choices: [{ index: 0, message: { role: "assistant", content: "well" }, finish_reason: "stop" }],
});
const anthropicAnswer = JSON.stringify({
  type: "message",
  role: "assistant",
  content: [{ type: "text", text: "well" }],
  stop_reason: "end_turn",
});

export const bytesOf = (body: unknown): Uint8Array =>
  body instanceof Uint8Array ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));

/** One call through the engine, without a host in between that could refuse it first. */
export function push(test: TestGateway, request: Partial<HttpRequest> & Pick<HttpRequest, "url">): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const pieces: Uint8Array[] = [];
    let head: Pick<Heard, "status" | "headers"> = { status: 0, headers: {} };
    test.gateway.handle(
      { method: "POST", headers: {}, body: Buffer.alloc(0), ...request },
      {
        head: (given) => {
          head = given;
        },
        data: (bytes) => pieces.push(bytes) > 0,
        end: () => resolve({ ...head, body: Buffer.concat(pieces).toString() }),
        fail: reject,
      },
    );
  });
}

export const call = (test: TestGateway, wire: Wire, body: unknown, headers: HeaderMap = {}): Promise<Heard> =>
  push(test, { url: wire.url, headers: { ...wire.headers, ...headers }, body: bytesOf(body) });

/** The code of a refusal; it has to be in the dialect's own form, with the table's status, and to quote nothing. */
export function refusalIn({ status, headers, body }: Heard, wire: Wire): ErrorCode {
  expect(body).not.toContain(marker);
  expect(JSON.stringify(headers)).not.toContain(marker);
  expect(headers["content-type"]).toBe("application/json");
  const told = JSON.parse(body) as { type?: string; error: { code: ErrorCode; message: string; type: string } };
  expect(told.type).toBe(wire.name === "anthropic" ? "error" : undefined);
  expect(told.error.type).toEqual(expect.stringMatching(/^[a-z_]+$/));
  expect(told.error.message.startsWith(errorTable[told.error.code].message)).toBe(true);
  expect(status).toBe(errorTable[told.error.code].status);
  return told.error.code;
}

/** The gateway is as good as before: the next call is answered, and memory of the last one is gone. */
export async function expectAlive(test: TestGateway, wire: Wire): Promise<void> {
  const { status, body } = await call(test, wire, wire.body);
  expect([status, body]).toEqual([200, wire.name === "openai" ? openaiAnswer : anthropicAnswer]);
}
