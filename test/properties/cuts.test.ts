import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { silent } from "../../src/engine/log.ts";
import { createGateway } from "../../src/gateway.ts";
import type { Gateway } from "../../src/host.ts";

const email = "maria.lopez@example.com";
const folder = new URL("../fixtures/", import.meta.url);
const dialects = {
  "openai-chat": {
    url: "/v1/chat/completions",
    body: { model: "gpt-4.1-mini", stream: true, stream_options: { include_usage: true } },
  },
  "anthropic-messages": { url: "/v1/messages", body: { model: "claude-haiku-4-5", stream: true, max_tokens: 900 } },
} as const;
type Name = keyof typeof dialects;

let gateway: Gateway;
beforeAll(async () => {
  gateway = createGateway({}, { log: silent });
  await gateway.ready;
});
afterAll(() => gateway.close());

/** One whole call with a live placeholder; the answer's pieces are written as they are cut. */
async function answerOf(dialect: Name, pieces: readonly Uint8Array[]): Promise<string> {
  const { url, body } = dialects[dialect];
  const headers = {
    "content-type": "application/json",
    authorization: "Bearer sk-own",
    "anthropic-version": "2023-06-01",
  };
  const call = gateway.open({ method: "POST", url, headers });
  expect(await call.admitted).toBeGreaterThan(0);
  await call.receive(Buffer.from(JSON.stringify({ ...body, messages: [{ role: "user", content: `I am ${email}` }] })));
  const attempt = await call.next();
  if (attempt === undefined) throw new Error(`refused: ${Buffer.from(call.reply().body).toString()}`);
  attempt.head({ status: 200, headers: { "content-type": "text/event-stream" } });
  const out = pieces.map((piece) => Buffer.from(attempt.write(piece)));
  out.push(Buffer.from(attempt.end()));
  call.abort(undefined);
  await call.receipt;
  return `${attempt.state} ${Buffer.concat(out).toString()}`;
}

const fixtures = (Object.keys(dialects) as Name[]).flatMap((dialect) =>
  readdirSync(new URL(`${dialect}/`, folder))
    .filter((name) => name.endsWith(".sse"))
    .map((name) => ({ dialect, name, bytes: readFileSync(new URL(`${dialect}/${name}`, folder)) })),
);

describe("every transport cut of every streamed answer gives equal bytes", () => {
  it("has recordings of both dialects, and some hold a placeholder that is restored", async () => {
    expect(fixtures.length).toBeGreaterThan(20);
    const restored = await Promise.all(
      fixtures.map(async ({ dialect, bytes }) => (await answerOf(dialect, [bytes])).includes(email)),
    );
    expect(restored.filter(Boolean).length).toBeGreaterThan(3);
  });

  it.each(fixtures)("$dialect $name", async ({ dialect, bytes }) => {
    const whole = await answerOf(dialect, [bytes]);
    const step = Math.max(1, Math.floor(bytes.length / 700));
    for (let cut = 1; cut < bytes.length; cut += step) {
      expect(await answerOf(dialect, [bytes.subarray(0, cut), bytes.subarray(cut)])).toBe(whole);
    }
    const single = Array.from(bytes, (_byte, index) => bytes.subarray(index, index + 1));
    expect(await answerOf(dialect, single)).toBe(whole);
  });
});

const text = fc
  .array(
    fc.oneof(
      fc.constantFrom("[EMAIL_1]", "[EMAIL_2]", "[email_1]", "[EMA", "]", "[", "é", "😀", "\\"),
      fc.string({ maxLength: 4 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));

/** The text cut into deltas at these places; never inside a surrogate pair, which no provider can send. */
function cutInto(whole: string, cuts: readonly number[]): readonly string[] {
  const points = [...whole];
  const places = [...new Set(cuts.map((cut) => cut % (points.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => points.slice(from, places[index] ?? points.length).join(""));
}

const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

function textOf(answer: string): string {
  const events = answer.split("\n\n").filter((event) => event.includes("data: {"));
  return events
    .map((event) => JSON.parse(event.slice(event.indexOf("data: ") + 6)).choices?.[0]?.delta?.content ?? "")
    .join("");
}

describe("every cut of the deltas gives equal text", () => {
  it("whatever is said and however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(60), { maxLength: 12 }), async (said, cuts) => {
        const stream = (pieces: readonly string[]): Uint8Array =>
          Buffer.from(
            [
              chunk({ role: "assistant" }),
              ...pieces.map((content) => chunk({ content })),
              chunk({}, "stop"),
              "data: [DONE]\n\n",
            ].join(""),
          );
        const whole = textOf(await answerOf("openai-chat", [stream([said])]));
        const cut = textOf(await answerOf("openai-chat", [stream(cutInto(said, cuts))]));
        expect(cut).toBe(whole);
        expect(whole.includes("[EMAIL_1]")).toBe(false);
      }),
      { numRuns: 400 },
    );
  });
});
