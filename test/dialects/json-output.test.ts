import Anthropic from "@anthropic-ai/sdk";
import fc from "fast-check";
import OpenAI from "openai";
import { anthropicMessages } from "../../src/dialects/anthropic-messages.ts";
import type { Dialect } from "../../src/dialects/dialect.ts";
import { openaiChat } from "../../src/dialects/openai-chat.ts";
import { createSseParser } from "../../src/dialects/sse.ts";
import { createEventReader, renderEvent, wholeEvent } from "../../src/engine/event.ts";
import { createRestorer } from "../../src/redaction/restorer.ts";
import { Vault } from "../../src/redaction/vault.ts";

/** What has to be escaped in JSON, and what looks as if it had been. */
const awkward = fc.constantFrom(
  '"',
  "\\",
  '\\"',
  "\n",
  "\t",
  "\u0000",
  "\u2028",
  "\ud83d",
  "ü",
  '","x":"',
  "\\n",
  "}",
  "[",
  "a",
);
const value = fc.array(awkward, { minLength: 1, maxLength: 6 }).map((parts) => `<${parts.join("")}>`);
const values = fc.uniqueArray(value, { minLength: 1, maxLength: 3 });
const spacing = fc.constantFrom(undefined, 2);
const runs = { numRuns: 60 };

interface Hidden {
  readonly vault: Vault;
  /** The model's JSON, with placeholders in keys and values. */
  readonly text: string;
  readonly original: unknown;
}

function hide(originals: readonly string[], space: number | undefined): Hidden {
  const vault = new Vault();
  const of = (each: readonly string[]): unknown => ({
    people: each,
    note: `"${each.join("\n")}"`,
    [`by ${each[0]}`]: 1,
  });
  const names = originals.map((each) => vault.hide("CUSTOMER", each, "personal"));
  return { vault, text: JSON.stringify(of(names), undefined, space), original: of(originals) };
}

interface Wire {
  readonly dialect: Dialect;
  stream(pieces: readonly string[]): string;
  whole(text: string): string;
  /** What the provider's own SDK makes of an answer. */
  read(body: string, streamed: boolean): Promise<string | null | undefined>;
}

const answering = (body: string, streamed: boolean) => async () =>
  new Response(body, { headers: { "content-type": streamed ? "text/event-stream" : "application/json" } });

const chunk = (delta: object, finish_reason: string | null = null): string =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

const openai: Wire = {
  dialect: openaiChat,
  stream: (pieces) =>
    [
      chunk({ role: "assistant", content: "" }),
      ...pieces.map((content) => chunk({ content })),
      chunk({}, "stop"),
      "data: [DONE]\n\n",
    ].join(""),
  whole(content) {
    const choices = [{ index: 0, message: { role: "assistant", content, refusal: null }, finish_reason: "stop" }];
    return JSON.stringify({ id: "c", object: "chat.completion", created: 1, model: "m", choices });
  },
  async read(body, streamed) {
    const client = new OpenAI({ apiKey: "k", fetch: answering(body, streamed) });
    const ask = { model: "m", messages: [{ role: "user" as const, content: "x" }] };
    const { choices } = streamed
      ? await client.chat.completions.stream(ask).finalChatCompletion()
      : await client.chat.completions.create(ask);
    return choices[0]?.message.content;
  },
};

const event = (data: { readonly type: string; readonly [field: string]: unknown }): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const message = (content: object[], stop_reason: string | null) => ({
  id: "m",
  type: "message",
  role: "assistant",
  model: "m",
  content,
  stop_reason,
  stop_sequence: null,
  usage: { input_tokens: 1, output_tokens: 1 },
});

const anthropic: Wire = {
  dialect: anthropicMessages,
  stream: ([first = "", ...pieces]) =>
    [
      event({ type: "message_start", message: message([], null) }),
      // The first piece comes with the block, as this wire allows.
      event({ type: "content_block_start", index: 0, content_block: { type: "text", text: first } }),
      ...pieces.map((text) => event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } })),
      event({ type: "content_block_stop", index: 0 }),
      event({
        type: "message_delta",
        delta: { stop_reason: "end_turn", stop_sequence: null },
        usage: { output_tokens: 1 },
      }),
      event({ type: "message_stop" }),
    ].join(""),
  whole: (text) => JSON.stringify(message([{ type: "text", text }], "end_turn")),
  async read(body, streamed) {
    const client = new Anthropic({ apiKey: "k", fetch: answering(body, streamed) });
    const ask = { model: "m", max_tokens: 1, messages: [{ role: "user" as const, content: "x" }] };
    const { content } = streamed ? await client.messages.stream(ask).finalMessage() : await client.messages.create(ask);
    return content[0]?.type === "text" ? content[0].text : undefined;
  },
};

/** The answer's bytes with the values put back, its text read as JSON or not. */
function restored(wire: Wire, bytes: string, vault: Vault, streamed: boolean, json = true): string {
  const { dialect } = wire;
  const read = json ? { ...dialect, answerRules: dialect.jsonAnswerRules } : dialect;
  const restorer = createRestorer(vault, read);
  const out: Uint8Array[] = [];
  const pass = (each: Parameters<typeof restorer.event>[0]): void =>
    restorer.event(each, (made) => void out.push(renderEvent(made)));
  if (streamed) {
    const toEvent = createEventReader(read);
    const parser = createSseParser((each) => pass(toEvent(each)));
    parser.write(Buffer.from(bytes));
    parser.end();
  } else pass(wholeEvent(Buffer.from(bytes), read));
  return Buffer.concat(out).toString();
}

describe.each([
  ["OpenAI", openai],
  ["Anthropic", anthropic],
] as const)("JSON that the caller asked %s for", (_name, wire) => {
  /** Red when the text of an answer in JSON is taken for prose: then the caller's JSON breaks. */
  it("holds the hidden values as the provider's SDK reads it, whole", async () => {
    await fc.assert(
      fc.asyncProperty(values, spacing, async (originals, space) => {
        const { vault, text, original } = hide(originals, space);
        const answer = restored(wire, wire.whole(text), vault, false);
        expect(JSON.parse((await wire.read(answer, false)) ?? "")).toEqual(original);
      }),
      runs,
    );
  });

  it("holds them streamed, in any pieces, as the provider's SDK adds them up", async () => {
    await fc.assert(
      fc.asyncProperty(values, spacing, fc.integer({ min: 1, max: 9 }), async (originals, space, size) => {
        const { vault, text, original } = hide(originals, space);
        const pieces = text.match(new RegExp(`[\\s\\S]{1,${size}}`, "g")) ?? [];
        const answer = restored(wire, wire.stream(pieces), vault, true);
        expect(JSON.parse((await wire.read(answer, true)) ?? "")).toEqual(original);
      }),
      runs,
    );
  });

  it("holds them wherever its stream is cut in two", async () => {
    const { vault, text, original } = hide(['a "quoted" \\ line\nand \u2028 more', "plain"], undefined);
    expect(text.length).toBeGreaterThan(60);
    for (let at = 0; at <= text.length; at++) {
      const answer = restored(wire, wire.stream([text.slice(0, at), text.slice(at)]), vault, true);
      expect(JSON.parse((await wire.read(answer, true)) ?? "")).toEqual(original);
    }
  });

  it("is what prose is not: there a value comes back as it is", async () => {
    const { vault } = hide(['a "b"\n'], undefined);
    for (const streamed of [true, false]) {
      const bytes = streamed ? wire.stream(["to [CUSTO", "MER_1]!"]) : wire.whole("to [CUSTOMER_1]!");
      const said = await wire.read(restored(wire, bytes, vault, streamed, false), streamed);
      expect(said).toBe('to a "b"\n!');
    }
  });
});
