import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { type ConfigInput, createGateway, type Gateway, hashKey, silent } from "../../src/index.ts";
import { createFakeClock } from "../doubles/clock.ts";

const email = "maria.lopez@example.com";
const folder = new URL("../fixtures/", import.meta.url);
/** By what the provider speaks: who calls, and for what. */
const callers = {
  "openai-chat": { url: "/v1/messages", body: { model: "gpt", stream: true, max_tokens: 900 } },
  "anthropic-messages": {
    url: "/v1/chat/completions",
    body: { model: "claude", stream: true, stream_options: { include_usage: true } },
  },
} as const;
type Wire = keyof typeof callers;

let gateway: Gateway;
beforeAll(async () => {
  const config: ConfigInput = {
    targets: {
      openai: { provider: "openai", apiKey: "sk-operator" },
      anthropic: { provider: "anthropic", apiKey: "sk-operator" },
    },
    models: {
      gpt: { targets: [{ target: "openai", model: "gpt-4.1-mini" }] },
      claude: { targets: [{ target: "anthropic", model: "claude-sonnet-4-5" }] },
    },
    access: { keys: [{ id: "own", hash: hashKey("sk-own") }] },
  };
  gateway = createGateway(config, { log: silent, clock: createFakeClock() });
  await gateway.ready;
});
afterAll(() => gateway.close());

/** One whole call with a live placeholder, answered in the other wire; the answer's pieces are written as they are cut. */
async function answerOf(wire: Wire, pieces: readonly Uint8Array[]): Promise<string> {
  const { url, body } = callers[wire];
  const headers = { "content-type": "application/json", authorization: "Bearer sk-own" };
  const call = gateway.open({ method: "POST", url, headers });
  expect(await call.admitted).toBeGreaterThan(0);
  await call.receive(Buffer.from(JSON.stringify({ ...body, messages: [{ role: "user", content: `I am ${email}` }] })));
  const attempt = await call.next();
  if (attempt === undefined) throw new Error(`refused: ${Buffer.from(call.reply().body).toString()}`);
  expect(attempt.request.url).toContain(wire === "openai-chat" ? "/v1/chat/completions" : "/v1/messages");
  attempt.head({ status: 200, headers: { "content-type": "text/event-stream" } });
  const out = pieces.map((piece) => Buffer.from(attempt.write(piece)));
  out.push(Buffer.from(attempt.end()));
  call.abort(undefined);
  const { usage } = await call.receipt;
  return `${attempt.state} ${JSON.stringify(usage)} ${Buffer.concat(out).toString()}`;
}

const fixtures = (Object.keys(callers) as Wire[]).flatMap((wire) =>
  readdirSync(new URL(`${wire}/`, folder))
    .filter((name) => name.endsWith(".sse"))
    .map((name) => ({ wire, name, bytes: readFileSync(new URL(`${wire}/${name}`, folder)) })),
);

describe("every transport cut of every translated stream gives equal bytes", () => {
  it("has recordings of both wires, and some hold a placeholder that is restored", async () => {
    const answers = await Promise.all(
      fixtures.map(async ({ wire, bytes }) => ({ wire, text: await answerOf(wire, [bytes]) })),
    );
    for (const wire of ["openai-chat", "anthropic-messages"]) {
      const own = answers.filter((answer) => answer.wire === wire);
      expect(own.filter(({ text }) => text.includes(email)).length).toBeGreaterThan(1);
      expect(own.filter(({ text }) => text.startsWith("ended")).length).toBeGreaterThan(8);
    }
  });

  it.each(fixtures)("$wire $name", async ({ wire, bytes }) => {
    const whole = await answerOf(wire, [bytes]);
    const step = Math.max(1, Math.floor(bytes.length / 300));
    for (let cut = 1; cut < bytes.length; cut += step) {
      expect(await answerOf(wire, [bytes.subarray(0, cut), bytes.subarray(cut)])).toBe(whole);
    }
    const single = Array.from(bytes, (_byte, index) => bytes.subarray(index, index + 1));
    expect(await answerOf(wire, single)).toBe(whole);
  });

  it.each(fixtures)("$wire $name, with any line ends", async ({ wire, bytes }) => {
    const text = bytes.toString("latin1").replaceAll("\r\n", "\n");
    const whole = await answerOf(wire, [Buffer.from(text, "latin1")]);
    for (const end of ["\r\n", "\r"]) {
      const other = Buffer.from(text.replaceAll("\n", end), "latin1");
      expect(await answerOf(wire, [other])).toBe(whole);
      const half = Math.floor(other.length / 2);
      expect(await answerOf(wire, [other.subarray(0, half), other.subarray(half)])).toBe(whole);
    }
  });
});

const said = fc
  .array(
    fc.oneof(
      fc.constantFrom("[EMAIL_1]", "[EMAIL_2]", "[email_1]", "[EMA", "]", "[", "é", "😀", "\\", '"'),
      fc.string({ maxLength: 4 }),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) => parts.join(""));

/** The text cut into deltas at these places; never inside a surrogate pair, which no provider can send. */
function cutInto(whole: string, cuts: readonly number[]): readonly string[] {
  const points = [...whole];
  const places = [...new Set(cuts.map((cut) => cut % (points.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => points.slice(from, places[index] ?? points.length).join(""));
}

const event = (fields: object): string => `data: ${JSON.stringify(fields)}\n\n`;
const chunk = (delta: object, finish: string | null = null): string =>
  event({
    id: "c",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta, finish_reason: finish }],
  });

/** Text, then a call whose input holds the same words. */
const streams: Readonly<Record<Wire, (text: readonly string[], input: readonly string[]) => string>> = {
  "openai-chat": (text, input) =>
    [
      chunk({ role: "assistant" }),
      ...text.map((content) => chunk({ content })),
      chunk({ tool_calls: [{ index: 0, id: "c", type: "function", function: { name: "f", arguments: "" } }] }),
      ...input.map((piece) => chunk({ tool_calls: [{ index: 0, function: { arguments: piece } }] })),
      chunk({}, "tool_calls"),
      "data: [DONE]\n\n",
    ].join(""),
  "anthropic-messages": (text, input) =>
    [
      event({ type: "message_start", message: { id: "m", model: "m", role: "assistant", content: [] } }),
      event({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }),
      ...text.map((piece) =>
        event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: piece } }),
      ),
      event({ type: "content_block_stop", index: 0 }),
      event({
        type: "content_block_start",
        index: 1,
        content_block: { type: "tool_use", id: "c", name: "f", input: {} },
      }),
      ...input.map((piece) =>
        event({ type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: piece } }),
      ),
      event({ type: "content_block_stop", index: 1 }),
      event({ type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 1 } }),
      event({ type: "message_stop" }),
    ].join(""),
};

/** What an answer in either wire says, and calls with. */
function heardIn(answer: string): { readonly text: string; readonly input: string } {
  const events = [...answer.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => JSON.parse(data as string));
  const deltas = events.map((each) => each.delta ?? each.choices?.[0]?.delta ?? {});
  return {
    text: deltas.map(({ text, content }) => text ?? content ?? "").join(""),
    input: deltas.map((delta) => delta.partial_json ?? delta.tool_calls?.[0]?.function.arguments ?? "").join(""),
  };
}

describe("every cut of translated deltas gives equal text and equal arguments", () => {
  const restored = (text: string) => text.replaceAll(/\[EMAIL_1\]/gi, email);
  it.each(Object.keys(callers) as Wire[])("whatever is said and however it is cut: %s", async (wire) => {
    await fc.assert(
      fc.asyncProperty(said, fc.array(fc.nat(80), { maxLength: 12 }), async (words, cuts) => {
        const input = JSON.stringify({ to: words });
        const sse = Buffer.from(streams[wire](cutInto(words, cuts), cutInto(input, cuts)));
        const heard = heardIn(await answerOf(wire, [sse]));
        expect(heard.text).toBe(restored(words));
        expect(JSON.parse(heard.input)).toEqual({ to: restored(words) });
      }),
      { numRuns: 400 },
    );
  });
});
