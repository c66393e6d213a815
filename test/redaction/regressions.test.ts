import { anthropicMessages } from "../../src/dialects/anthropic-messages.ts";
import type { Dialect } from "../../src/dialects/dialect.ts";
import { openaiChat } from "../../src/dialects/openai-chat.ts";
import { createCall, type TestCall } from "./doubles/call.ts";
import { customer, email, phone, scannerOf } from "./doubles/scanner.ts";

const ada = "ada@acme.com";
const bob = "bob@acme.com";
const quoted = '<<O\'Hara "Bull"\n\\ Sons>>';

function callIn(dialect: Dialect, ...contents: string[]): TestCall {
  const call = createCall({ dialect, scanner: scannerOf(customer, email, phone) });
  call.send({ model: "m", messages: contents.map((content) => ({ role: "user", content })) });
  return call;
}

const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const block = (delta: object) =>
  `event: content_block_delta\ndata: ${JSON.stringify({ type: "content_block_delta", index: 0, delta })}\n\n`;
const stop = 'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n';

const payloads = (bytes: string) =>
  bytes
    .split(/\r?\n/)
    .filter((line) => line.startsWith("data: {"))
    .map((line) => JSON.parse(line.slice("data: ".length)));
/** What stands at a place of every event's delta, joined. */
const said = (bytes: string, ...place: (string | number)[]): string =>
  payloads(bytes)
    .map((payload) => place.reduce((value, key) => value?.[key], payload.delta ?? payload.choices?.[0]?.delta) ?? "")
    .join("");

/** Ways in which other gateways lost or broke what they had hidden. */
describe("never again", () => {
  it("an e-mail address after a line break eats the escape, and the body that leaves is no JSON", () => {
    const { sent } = createCall({ dialect: openaiChat }).send(
      String.raw`{"messages":[{"role":"user","content":"to:\n${ada}\t${bob}"}]}`,
    );
    expect(JSON.parse(sent).messages[0].content).toBe("to:\n[EMAIL_1]\t[EMAIL_2]");
  });

  it("numbers and images are taken for phone numbers", () => {
    const image = `data:image/png;base64,${"4915112345".repeat(20)}`;
    const body = {
      model: "m",
      seed: 4915112345,
      created: 1714000000,
      messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: image } }] }],
    };
    expect(createCall({ dialect: openaiChat }).send(body).sent).toBe(JSON.stringify(body));
  });

  it("a stream that comes character by character leaks the token", () => {
    const attempt = callIn(openaiChat, ada).answer();
    const text = `${"waiting ".repeat(10)}[EMAIL_1] and so on`;
    const out = [...text].map((content) => attempt.write(chunk({ content }))).join("");
    expect(said(out, "content")).toBe(text.replace("[EMAIL_1]", ada));
  });

  it("the second of two split tokens is not restored", () => {
    const attempt = callIn(anthropicMessages, ada, bob).answer();
    const parts = ["[EMA", "IL_1] and [EMA", "IL_2]"].map((text) => attempt.write(block({ type: "text_delta", text })));
    expect(said(parts.join(""), "text")).toBe(`${ada} and ${bob}`);
  });

  it("a stream with CRLF is not restored", () => {
    const attempt = callIn(openaiChat, ada).answer();
    const parts = ["[EMAIL", "_1]"].map((content) => attempt.write(chunk({ content }).replaceAll("\n", "\r\n")));
    expect(parts.every((part) => part.endsWith("\r\n\r\n"))).toBe(true);
    expect(said(parts.join(""), "content")).toBe(ada);
  });

  it("arguments of OpenAI tool calls are not restored (LiteLLM #31950)", () => {
    const attempt = callIn(openaiChat, ada, quoted).answer();
    const given = JSON.stringify({ to: "[EMAIL_1]", note: "[CUSTOMER_1]" });
    const call = (text: string) => chunk({ tool_calls: [{ index: 1, function: { arguments: text } }] });
    const out = [...given].map((character) => attempt.write(call(character))).join("");
    const text = said(out, "tool_calls", 0, "function", "arguments");
    expect(JSON.parse(text)).toEqual({ to: ada, note: quoted });
    const whole = attempt.whole({ choices: [{ message: { tool_calls: [{ function: { arguments: given } }] } }] });
    expect(JSON.parse(JSON.parse(whole).choices[0].message.tool_calls[0].function.arguments)).toEqual({
      to: ada,
      note: quoted,
    });
  });

  it("input of Anthropic tools is not restored", () => {
    const attempt = callIn(anthropicMessages, ada, quoted).answer();
    const given = JSON.stringify({ to: "[EMAIL_1]", note: "[CUSTOMER_1]" });
    const out = [...given]
      .map((partial_json) => attempt.write(block({ type: "input_json_delta", partial_json })))
      .join("");
    expect(JSON.parse(said(out + attempt.write(stop), "partial_json"))).toEqual({
      to: ada,
      note: quoted,
    });
    const whole = attempt.whole({
      type: "message",
      content: [{ type: "tool_use", input: { to: "[EMAIL_1]", note: ["[CUSTOMER_1]"] } }],
    });
    expect(JSON.parse(whole).content[0].input).toEqual({ to: ada, note: [quoted] });
  });

  it.each(["[email_1]", "[Email_1]", "[ EMAIL_1 ]", "\\[EMAIL_1\\]"])(
    "a token that the model wrote as %s is not restored",
    (token) => {
      const attempt = callIn(openaiChat, ada).answer();
      const out = [...`is ${token}.`].map((content) => attempt.write(chunk({ content }))).join("");
      expect(said(out, "content")).toBe(`is ${ada}.`);
    },
  );

  it("reasoning that a compatible server streams is not restored", () => {
    const attempt = callIn(openaiChat, ada).answer();
    const out =
      attempt.write(chunk({ reasoning_content: "[EMAIL" })) + attempt.write(chunk({ reasoning_content: "_1]" }));
    expect(said(out, "reasoning_content")).toBe(ada);
  });

  it("signed thinking is changed, and the provider refuses it in the next turn", () => {
    const attempt = callIn(anthropicMessages, ada).answer();
    const event = block({ type: "thinking_delta", thinking: "I write to [EMAIL_1]" });
    expect(attempt.write(event)).toBe(event);
    const thinking = { type: "thinking", thinking: "I write to [EMAIL_1]", signature: "c2ln" };
    const body = {
      model: "m",
      messages: [
        { role: "user", content: ada },
        { role: "assistant", content: [thinking] },
      ],
    };
    const { sent, refusal } = createCall({ dialect: anthropicMessages }).send(body);
    expect(refusal).toBeUndefined();
    expect(JSON.parse(sent).messages).toEqual([
      { role: "user", content: "[EMAIL_1]" },
      { role: "assistant", content: [thinking] },
    ]);
  });

  it("a restored value with quotes and line breaks breaks the JSON of the answer", () => {
    const attempt = callIn(openaiChat, quoted).answer();
    expect(
      JSON.parse(attempt.whole({ choices: [{ message: { content: "[CUSTOMER_1]" } }] })).choices[0].message.content,
    ).toBe(quoted);
    expect(said(attempt.write(chunk({ content: "[CUSTOMER_1]" })), "content")).toBe(quoted);
  });

  it("one value gets two tokens, or two values share one (LiteLLM #31959)", () => {
    const { sent } = createCall({ dialect: openaiChat }).send({
      messages: [ada, bob, ada].map((content) => ({ role: "user", content })),
    });
    expect(JSON.parse(sent).messages.map((one: { content: string }) => one.content)).toEqual([
      "[EMAIL_1]",
      "[EMAIL_2]",
      "[EMAIL_1]",
    ]);
  });

  it("the history gets other tokens in the next turn, and those of the last cannot be resolved (LiteLLM #41600)", () => {
    const turn = (...messages: object[]) => {
      const call = createCall({ dialect: openaiChat });
      return { call, sent: JSON.parse(call.send({ model: "m", messages }).sent) };
    };
    const history = [
      { role: "user", content: `I am ${ada}` },
      { role: "assistant", content: `Hello ${ada}` },
    ];
    const first = turn(...history.slice(0, 1));
    const second = turn(...history, { role: "user", content: `write to ${bob} for ${ada}` });
    expect(second.sent.messages.slice(0, 1)).toEqual(first.sent.messages);
    expect(JSON.parse(second.call.answer().whole({ note: "[EMAIL_1] to [EMAIL_2]" }))).toEqual({
      note: `${ada} to ${bob}`,
    });
  });

  it("a placeholder is lost when the stream ends inside it", () => {
    const attempt = callIn(openaiChat, ada).answer();
    const out =
      attempt.write(chunk({ content: "see [EMAIL" })) +
      attempt.write(chunk({}, "stop")) +
      attempt.write("data: [DONE]\n\n");
    expect(said(out, "content")).toBe("see [EMAIL");
    expect(payloads(out).at(-1).choices[0].finish_reason).toBe("stop");
  });
});
