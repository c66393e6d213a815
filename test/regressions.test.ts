import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestGateway, echoes, fails, inTurn, type Script, says, type TestGateway } from "../adapters/testing.ts";
import { type ConfigInput, hashKey } from "../src/index.ts";

const ada = "ada@acme.com";
const bob = "bob@acme.com";
const quoted = 'Wilhelmina "Bull" Okonkwo';

const folder = mkdtempSync(join(tmpdir(), "postern-"));
writeFileSync(join(folder, "customers"), `${quoted}\n`);
afterAll(() => rmSync(folder, { recursive: true }));

const open: TestGateway[] = [];
const start = (config: ConfigInput = {}): TestGateway => {
  const lists = [{ name: "customer", file: join(folder, "customers") }];
  const test = createTestGateway({ redaction: { lists }, ...config });
  open.push(test);
  return test;
};
afterEach(() => Promise.all(open.splice(0).map((test) => test.close())));

const urls = {
  openai: "https://api.openai.com/v1/chat/completions",
  anthropic: "https://api.anthropic.com/v1/messages",
};
type Dialect = keyof typeof urls;

const headersOf = (dialect: Dialect): Record<string, string> => ({
  "content-type": "application/json",
  ...(dialect === "openai"
    ? { authorization: "Bearer sk-own" }
    : { "x-api-key": "sk-own", "anthropic-version": "2023-06-01" }),
});

/** What the caller gets for a body, whatever its dialect. */
async function send(test: TestGateway, body: object | string, dialect: Dialect = "openai"): Promise<string> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await test.fetch(urls[dialect], { method: "POST", headers: headersOf(dialect), body: text });
  return response.text();
}

const chat = (content: unknown, fields: object = {}): object => ({
  model: "gpt-4o-mini",
  max_tokens: 100,
  messages: [{ role: "user", content }],
  ...fields,
});
const stream = { stream: true };

const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const event = (type: string, fields: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
const sse =
  (...pieces: readonly string[]): Script =>
  () => ({ headers: { "content-type": "text/event-stream" }, pieces });
const chunks = (...deltas: readonly object[]): Script =>
  sse(...deltas.map((delta) => chunk(delta)), chunk({}, "stop"), "data: [DONE]\n\n");

interface Wire {
  readonly choices?: readonly { readonly delta?: Readonly<Record<string, unknown>> }[];
  readonly delta?: Readonly<Record<string, unknown>>;
}
const eventsIn = (text: string): readonly Wire[] =>
  text
    .split(/\r?\n/)
    .filter((line) => line.startsWith("data: {"))
    .map((line) => JSON.parse(line.slice(6)) as Wire);
/** One field of every delta, joined. */
const said = (text: string, field: string): string =>
  eventsIn(text)
    .map(({ choices, delta }) => (delta ?? choices?.[0]?.delta)?.[field] ?? "")
    .join("");

const sentTo = (test: TestGateway, index = 0) => JSON.parse(test.requests[index]?.body ?? "null");

/** Eleven bugs of the closest peer, each reproduced there; of templates (the eighth) there are none here. */
describe("never again, through the whole gateway", () => {
  it("1: an address behind a line break eats the escape, and the body that leaves is no JSON", async () => {
    const test = start();
    const got = await send(
      test,
      String.raw`{"model":"m","messages":[{"role":"user","content":"to:\n${ada}\t${bob}"}]}`,
    );
    expect(test.requests[0]?.body).toContain(String.raw`"to:\n[EMAIL_1]\t[EMAIL_2]"`);
    expect(JSON.parse(got).choices[0].message.content).toBe(`to:\n${ada}\t${bob}`);
  });

  it("2: bare numbers and images are taken for phone numbers", async () => {
    const test = start();
    const image = `data:image/png;base64,${"4915112345".repeat(20)}`;
    const body = JSON.stringify({
      seed: 1234567890,
      created: 1714000000,
      ...chat([{ type: "image_url", image_url: { url: image } }]),
    });
    await send(test, body);
    expect(test.requests[0]?.body).toBe(body);
  });

  it("3: a stream that comes character by character leaks the token", async () => {
    const test = start();
    const text = `${"waiting ".repeat(10)}[EMAIL_1] and [EMAIL_2].`;
    test.answer(chunks(...[...text].map((content) => ({ content }))));
    const got = await send(test, chat(`${ada} ${bob}`, stream));
    expect(said(got, "content")).toBe(`${"waiting ".repeat(10)}${ada} and ${bob}.`);
  });

  it("3: the second of two split tokens in one piece is not restored", async () => {
    const test = start();
    const deltas = ["[EMA", "IL_1] and [EMA", "IL_2]"].map((content) => chunk({ content }));
    test.answer(sse(deltas.join(""), chunk({}, "stop"), "data: [DONE]\n\n"));
    expect(said(await send(test, chat(`${ada} ${bob}`, stream)), "content")).toBe(`${ada} and ${bob}`);
  });

  it("3: a stream with CRLF is held back whole, and not restored", async () => {
    const test = start();
    let taken = 0;
    async function* pieces() {
      for (const content of ["Hello ", "[EMAIL", "_1]"]) {
        yield chunk({ content }).replaceAll("\n", "\r\n");
        taken++;
      }
      yield `${chunk({}, "stop")}data: [DONE]\n\n`.replaceAll("\n", "\r\n");
    }
    test.answer(() => ({ headers: { "content-type": "text/event-stream" }, pieces: pieces() }));
    const body = JSON.stringify(chat(ada, stream));
    const response = await test.fetch(urls.openai, { method: "POST", headers: headersOf("openai"), body });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const first = Buffer.from((await reader.read()).value ?? []).toString();
    expect(said(first, "content")).toBe("Hello ");
    expect(taken).toBeLessThan(3);
    let rest = "";
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      rest += Buffer.from(read.value).toString();
    }
    expect(said(rest, "content")).toBe(ada);
    expect(rest.endsWith("data: [DONE]\r\n\r\n")).toBe(true);
  });

  const args = JSON.stringify({ to: "[EMAIL_1]", note: "[CUSTOMER_1]" });
  const restoredArgs = { to: ada, note: quoted };

  it("4, 5: arguments of OpenAI's tool calls are not restored, or are no JSON any more", async () => {
    const test = start();
    const call = (part: string) => ({ tool_calls: [{ index: 0, function: { arguments: part } }] });
    test.answer(chunks(...[...args].map(call)));
    const got = await send(test, chat(`${ada} ${quoted}`, stream));
    const parts = eventsIn(got).map(({ choices }) => {
      const calls = choices?.[0]?.delta?.tool_calls as readonly { readonly function: { readonly arguments: string } }[];
      return calls?.[0]?.function.arguments ?? "";
    });
    expect(JSON.parse(parts.join(""))).toEqual(restoredArgs);

    const message = {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "c", function: { name: "mail", arguments: args } }],
    };
    const whole = JSON.stringify({ choices: [{ index: 0, message, finish_reason: "tool_calls" }] });
    test.answer(() => ({ headers: { "content-type": "application/json" }, pieces: [whole] }));
    const answer = JSON.parse(await send(test, chat(`${ada} ${quoted}`)));
    expect(JSON.parse(answer.choices[0].message.tool_calls[0].function.arguments)).toEqual(restoredArgs);
  });

  it("4, 5: input of Anthropic's tools is not restored, or is no JSON any more", async () => {
    const test = start();
    const part = (partial_json: string) =>
      event("content_block_delta", { index: 0, delta: { type: "input_json_delta", partial_json } });
    test.answer(
      sse(
        event("message_start", {
          message: { id: "m", type: "message", role: "assistant", model: "c", content: [], usage: {} },
        }),
        event("content_block_start", {
          index: 0,
          content_block: { type: "tool_use", id: "t", name: "mail", input: {} },
        }),
        ...[...args].map(part),
        event("content_block_stop", { index: 0 }),
        event("message_delta", { delta: { stop_reason: "tool_use" }, usage: { output_tokens: 9 } }),
        event("message_stop", {}),
      ),
    );
    const got = await send(test, chat(`${ada} ${quoted}`, stream), "anthropic");
    expect(JSON.parse(said(got, "partial_json"))).toEqual(restoredArgs);
  });

  it.each(["[email_1]", "[Email_1]", "[ EMAIL_1 ]", "\\[EMAIL_1\\]"])("4: %s is not restored", async (token) => {
    const test = start();
    test.answer(chunks(...[...`is ${token}.`].map((content) => ({ content }))));
    expect(said(await send(test, chat(ada, stream)), "content")).toBe(`is ${ada}.`);
  });

  it("4: reasoning that a compatible server streams is not restored", async () => {
    const test = start();
    test.answer(chunks({ reasoning_content: "It is [EMAIL" }, { reasoning_content: "_1]" }, { content: "ok" }));
    expect(said(await send(test, chat(ada, stream)), "reasoning_content")).toBe(`It is ${ada}`);
  });

  it("5: a restored value with quotes breaks the JSON of the answer", async () => {
    const test = start();
    test.answer(echoes);
    expect(JSON.parse(await send(test, chat(quoted))).choices[0].message.content).toBe(quoted);
    expect(said(await send(test, chat(quoted, stream)), "content")).toBe(quoted);
    expect(sentTo(test).messages[0].content).toBe("[CUSTOMER_1]");
  });

  it("6: one value gets two tokens, and the history gets new ones in the next turn", async () => {
    const test = start();
    const history = [
      { role: "user", content: `I am ${ada}, ${ada}` },
      { role: "assistant", content: `Hello ${ada}` },
    ];
    await send(test, { model: "m", messages: history.slice(0, 1) });
    await send(test, { model: "m", messages: [...history, { role: "user", content: `Write to ${bob}, from ${ada}` }] });
    expect(sentTo(test).messages[0].content).toBe("I am [EMAIL_1], [EMAIL_1]");
    expect(sentTo(test, 1).messages.map(({ content }: { content: string }) => content)).toEqual([
      "I am [EMAIL_1], [EMAIL_1]",
      "Hello [EMAIL_1]",
      "Write to [EMAIL_2], from [EMAIL_1]",
    ]);
  });

  it("7: what only looks like a card, a phone number or an address is masked", async () => {
    const test = start();
    const harmless = "card 4111 1111 1111 1112, order 1234567890, 999.999.999.999";
    await send(test, chat(harmless));
    expect(sentTo(test).messages[0].content).toBe(harmless);
    await send(test, chat("Ring +49 30 901820."));
    expect(sentTo(test, 1).messages[0].content).toBe("Ring [PHONE_1].");
  });

  /** Built here, so that no scanner of this repository takes them for real ones. */
  const secrets = {
    AWS: ["AKIA", "Q3EGRIOJ7XKPZT5M"].join(""),
    GitHub: `ghp_${"x7Kq2mW9".repeat(4)}Zt4B`,
    OpenAI: [
      "sk-proj-",
      "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5zA7bC9dE1fG3hI5jK7lM9nO",
      "T3BlbkFJ",
      "pQ7rS9tU1vW3xY5zA7bC9dE1fG3hI5jK7lM9nO1pQ3rS5tU7vW9xY1zA3bC",
    ].join(""),
  };
  it.each(Object.entries(secrets))("7: a key of %s passes", async (_vendor, secret) => {
    const test = start();
    const got = JSON.parse(await send(test, chat(`my key is ${secret}`)));
    expect(got.error.code).toBe("secret_blocked");
    expect(test.requests).toHaveLength(0);
  });

  /** There, a fifth of this took 22 seconds, and time grew with the square. */
  it.each([
    ["an address without an end", `${"a.".repeat(500_000)}@`],
    ["at signs", "a@".repeat(500_000)],
    ["base64url", "aB-_".repeat(250_000)],
  ])("9: a megabyte of %s stops the process", async (_what, content) => {
    const test = start();
    test.answer(says("Read."));
    expect(JSON.parse(await send(test, chat(content))).choices[0].message.content).toBe("Read.");
  });

  it.each([
    "https://openai.com.evil.test/v1/chat/completions",
    "https://api.openai.com.evil.test/v1/chat/completions",
    "https://api.openai.com@evil.test/v1/chat/completions",
    "http://api.openai.com/v1/chat/completions",
    "https://api.openai.com:8443/v1/chat/completions",
  ])("10: the key goes to %s", async (url) => {
    const test = start({
      targets: { openai: { provider: "openai", apiKey: "sk-operator" } },
      access: { keys: [{ id: "web", hash: hashKey("psk_web") }] },
    });
    const headers = { ...headersOf("openai"), authorization: "Bearer psk_web" };
    const call = test.fetch(url, { method: "POST", headers, body: JSON.stringify(chat("hello")) });
    await expect(call).rejects.toMatchObject({ name: "TypeError" });
    expect(test.requests).toHaveLength(0);
  });

  it("10: a caller names the address that the key goes to", async () => {
    const test = start();
    const naming = { host: "evil.test", "x-target-url": "https://evil.test/v1", "x-forwarded-host": "evil.test" };
    const headers = { ...headersOf("openai"), ...naming };
    const body = JSON.stringify(chat("hello", { base_url: "https://evil.test/v1" }));
    await (await test.fetch(urls.openai, { method: "POST", headers, body })).text();
    expect(test.requests.map(({ url, headers }) => [url, headers.host])).toEqual([[urls.openai, "api.openai.com"]]);
  });

  it("11: after a fallback, usage is told of the target that failed, and a stream's usage is none", async () => {
    const target = { provider: "anthropic" as const, apiKey: "sk-operator" };
    const test = start({
      targets: { first: target, second: { ...target, baseUrl: "https://second.test/v1" } },
      models: {
        fast: {
          targets: [
            { target: "first", model: "claude-opus-4-5" },
            { target: "second", model: "claude-haiku-4-5" },
          ],
        },
      },
      access: { keys: [{ id: "web", hash: hashKey("psk_web") }] },
    });
    test.answer(inTurn(fails(529), says("Twelve tokens of output, more or less.")));
    const response = await test.fetch(urls.anthropic, {
      method: "POST",
      headers: { ...headersOf("anthropic"), "x-api-key": "psk_web" },
      body: JSON.stringify(chat("hello", { model: "fast", ...stream })),
    });
    await response.text();
    const [receipt] = test.receipts;
    expect(receipt?.attempts.map(({ target, model, usage, cost }) => [target, model, usage.output, cost > 0n])).toEqual(
      [
        ["first", "claude-opus-4-5", 0, false],
        ["second", "claude-haiku-4-5", 10, true],
      ],
    );
    expect(receipt).toMatchObject({ target: "second", usage: { output: 10, final: true } });
    expect(receipt?.cost).toBe(receipt?.attempts[1]?.cost);
  });
});
