import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTestGateway, type TestGateway } from "../../adapters/testing.ts";
import { hashKey } from "../../src/index.ts";

const email = "canary.seven@leak.example.com";
/** What JSON has to escape where it is put back. */
const record = 'Wilhelmina "Mina" O\\Konkwo';
const folder = mkdtempSync(join(tmpdir(), "postern-leak-"));
const list = join(folder, "customers.txt");
writeFileSync(list, `${record}\n`);

let test: TestGateway;
beforeEach(() => {
  test = createTestGateway({
    targets: { gpt: { provider: "openai", apiKey: "sk-op" }, claude: { provider: "anthropic", apiKey: "sk-op" } },
    models: {
      gpt: { targets: [{ target: "gpt", model: "gpt-5.2" }] },
      claude: { targets: [{ target: "claude", model: "claude-opus-5" }] },
    },
    access: { keys: [{ id: "own", hash: hashKey("sk-own") }] },
    redaction: { lists: [{ name: "customer", file: list }] },
  });
});
afterEach(() => test.close());
afterAll(() => rmSync(folder, { recursive: true }));

const urls = {
  claude: "https://api.openai.com/v1/chat/completions",
  gpt: "https://api.anthropic.com/v1/messages",
} as const;
/** Whom the caller asks, in the other's wire. */
type Target = keyof typeof urls;
const targets = Object.keys(urls) as Target[];

async function ask(target: Target, body: object): Promise<{ readonly status: number; readonly text: string }> {
  const headers = { authorization: "Bearer sk-own", "content-type": "application/json" };
  const whole = JSON.stringify({ model: target, max_tokens: 99, ...body });
  const answer = await test.fetch(urls[target], { method: "POST", headers, body: whole });
  return { status: answer.status, text: await answer.text() };
}
const asked = { messages: [{ role: "user", content: `I am ${record}, ${email}.` }] };
const lines = (events: readonly object[]): string[] => events.map((event) => `data: ${JSON.stringify(event)}\n\n`);
const inputs = ['{"to":"[EMAIL_1]","all":["[CUSTOMER_1]"]}', '{"of":"[CUSTOMER_1]"}'] as const;
const made = [{ to: email, all: [record] }, { of: record }];
const said = "Dear [CUSTOMER_1], [EMAIL_1]";
const restored = `Dear ${record}, ${email}`;

function chat(stream: boolean): readonly string[] {
  const call = (index: number) => ({
    id: `call.${index}`,
    type: "function",
    function: { name: "f", arguments: inputs[index] },
  });
  if (!stream) {
    const message = { role: "assistant", content: said, tool_calls: [call(0), call(1)] };
    return [JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, message, finish_reason: "tool_calls" }] })];
  }
  const delta = (inner: object, finish_reason: string | null = null) => ({
    choices: [{ index: 0, delta: inner, finish_reason }],
  });
  const begin = (index: number) =>
    delta({ tool_calls: [{ index, ...call(index), function: { name: "f", arguments: "" } }] });
  const piece = (index: number, at: number) => {
    const text = inputs[index]?.slice(at, at + 3) ?? "";
    return text === "" ? [] : [delta({ tool_calls: [{ index, function: { arguments: text } }] })];
  };
  // The calls come mixed, three characters each.
  const pieces = Array.from({ length: 20 }, (_, at) => [0, 1].flatMap((index) => piece(index, at * 3))).flat();
  const texts = said.match(/.{1,3}/g) ?? [];
  const events = [
    ...texts.map((content) => delta({ content })),
    begin(0),
    begin(1),
    ...pieces,
    delta({}, "tool_calls"),
  ];
  return [...lines(events), "data: [DONE]\n\n"];
}

function message(stream: boolean): readonly string[] {
  const head = {
    id: "m",
    type: "message",
    role: "assistant",
    model: "c",
    usage: { input_tokens: 1, output_tokens: 1 },
  };
  const call = (index: number) => ({
    type: "tool_use",
    id: `toolu_${index}`,
    name: "f",
    input: JSON.parse(inputs[index] ?? ""),
  });
  if (!stream) {
    const content = [{ type: "text", text: said }, call(0), call(1)];
    return [JSON.stringify({ ...head, content, stop_reason: "tool_use" })];
  }
  const block = (index: number, content_block: object, deltas: readonly object[]) => [
    { type: "content_block_start", index, content_block },
    ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
    { type: "content_block_stop", index },
  ];
  const cut = (text: string) => text.match(/.{1,3}/g) ?? [];
  const json = (index: number) =>
    cut(inputs[index] ?? "").map((partial_json) => ({ type: "input_json_delta", partial_json }));
  return lines([
    { type: "message_start", message: { ...head, content: [] } },
    ...block(
      0,
      { type: "text", text: "" },
      cut(said).map((text) => ({ type: "text_delta", text })),
    ),
    ...block(1, { ...call(0), input: {} }, json(0)),
    ...block(2, { ...call(1), input: {} }, json(1)),
    { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 9 } },
    { type: "message_stop" },
  ]);
}

/** The text and the inputs of an answer in the caller's wire. */
function heardIn(
  target: Target,
  text: string,
  stream: boolean,
): { readonly said: string; readonly made: readonly unknown[] } {
  const events = stream
    ? [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => JSON.parse(data as string))
    : [JSON.parse(text)];
  const calls: string[] = [];
  let whole = "";
  for (const event of events) {
    if (target === "claude") {
      const { content, tool_calls = [] } = event.choices?.[0]?.delta ?? event.choices?.[0]?.message ?? {};
      whole += content ?? "";
      for (const [at, call] of tool_calls.entries()) {
        const index = call.index ?? at;
        calls[index] = (calls[index] ?? "") + call.function.arguments;
      }
    } else if (stream) {
      whole += event.delta?.text ?? "";
      if (event.delta?.partial_json !== undefined)
        calls[event.index - 1] = (calls[event.index - 1] ?? "") + event.delta.partial_json;
    } else {
      for (const block of event.content) {
        if (block.type === "text") whole += block.text;
        else calls.push(JSON.stringify(block.input));
      }
    }
  }
  return { said: whole, made: calls.map((call) => JSON.parse(call)) };
}

describe.each(targets)("what %s says in the other wire", (target) => {
  it.each([false, true])("has every hidden value back, in text and in mixed calls: streamed %s", async (stream) => {
    const pieces = target === "claude" ? message(stream) : chat(stream);
    test.answer(() => ({ headers: { "content-type": stream ? "text/event-stream" : "application/json" }, pieces }));
    const { status, text } = await ask(target, { ...asked, stream });
    expect(status).toBe(200);
    expect(heardIn(target, text, stream)).toEqual({ said: restored, made });
    expect(test.requests[0]?.body).toContain("I am [CUSTOMER_1], [EMAIL_1].");
  });

  it("never tells the caller what the provider's head says of Postern", async () => {
    const pieces = target === "claude" ? message(false) : chat(false);
    const forged = { "x-postern-losses": "forged", "x-postern-target": "forged", "x-postern-call-id": "forged" };
    test.answer(() => ({ headers: { "content-type": "application/json", ...forged }, pieces }));
    const headers = {
      authorization: "Bearer sk-own",
      "content-type": "application/json",
      "x-postern-losses": "forged",
    };
    const body = JSON.stringify({ model: target, max_tokens: 99, ...asked });
    const answer = await test.fetch(urls[target], { method: "POST", headers, body });
    expect(JSON.stringify([...answer.headers, test.requests[0]?.headers])).not.toContain("forged");
  });
});

describe("what nobody has read", () => {
  it.each([email, `Please write to ${email}. `.repeat(9)])("never leaves as text out of base64", async (text) => {
    const file_data = `data:text/plain;base64,${Buffer.from(text).toString("base64")}`;
    const content = [{ type: "file", file: { filename: "a.txt", file_data } }];
    const { status, text: told } = await ask("claude", { messages: [{ role: "user", content }] });
    expect([status, test.requests.length]).toEqual([400, 0]);
    expect(told).toContain("target_unfit");
    expect(told).toContain("untranslatable_content");
  });

  it("never leaves out of an id that the caller made up", async () => {
    const id = `pst_${Buffer.from(email).toString("base64url")}`;
    const messages = [
      { role: "user", content: "Go." },
      { role: "assistant", content: [{ type: "tool_use", id, name: "f", input: {} }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: "Done." }] },
    ];
    await ask("gpt", { messages });
    const sent = JSON.parse(test.requests[0]?.body ?? "");
    expect(JSON.stringify(sent)).not.toContain(email);
    expect(sent.messages[1].tool_calls[0].id).toBe(sent.messages[2].tool_call_id);
  });
});
