import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { anthropicMessages } from "../../../src/dialects/anthropic-messages.ts";
import { type Dialect, type DialectName, noUsage } from "../../../src/dialects/dialect.ts";
import { openaiChat } from "../../../src/dialects/openai-chat.ts";
import { createSseParser } from "../../../src/dialects/sse.ts";
import { createTranslation, type Translation } from "../../../src/dialects/translate/translate.ts";
import { createEventReader, wholeEvent } from "../../../src/engine/event.ts";

export const dialects: Readonly<Record<DialectName, Dialect>> = {
  "openai-chat": openaiChat,
  "anthropic-messages": anthropicMessages,
};
export const otherOf = (name: DialectName): DialectName =>
  name === "openai-chat" ? "anthropic-messages" : "openai-chat";

export const now = Date.UTC(2026, 10, 24, 12);
export const bytesOf = (value: unknown): Buffer =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value));

/** The least that each wire asks for, streamed. */
export const least: Readonly<Record<DialectName, object>> = {
  "openai-chat": { model: "claude-opus-5", stream: true, messages: [{ role: "user", content: "Hi" }] },
  "anthropic-messages": { model: "gpt-5.2", max_tokens: 64, stream: true, messages: [{ role: "user", content: "Hi" }] },
};

export const translate = (caller: DialectName, body: unknown, usage = true): Translation =>
  createTranslation(caller, otherOf(caller), bytesOf(body), { usage, now });

/** The request that leaves, as text of JSON that is parsed, and what it lost. */
export function request(caller: DialectName, body: unknown) {
  const { body: bytes, losses, head } = translate(caller, body);
  return { body: JSON.parse(bytes.toString()), text: bytes.toString(), losses, head };
}

/** A provider's stream, cut into pieces of so many bytes, as the caller gets it. */
export function streamed(translation: Translation, target: DialectName, sse: Uint8Array, piece = sse.length): string {
  const dialect = dialects[target];
  let usage = noUsage;
  const out: Uint8Array[] = [];
  const toEvent = createEventReader(dialect);
  const parser = createSseParser((raw) => {
    const event = toEvent(raw);
    try {
      usage = dialect.usage(event, usage);
    } catch {
      // What the walk refuses the engine has refused before.
    }
    for (const { original } of translation.event(event, usage)) out.push(original);
  });
  for (let at = 0; at < sse.length; at += piece) parser.write(sse.subarray(at, at + piece));
  parser.end();
  for (const { original } of translation.end(usage)) out.push(original);
  return Buffer.concat(out).toString();
}

export function whole(translation: Translation, target: DialectName, body: unknown) {
  const bytes = bytesOf(body);
  const usage = dialects[target].usage(wholeEvent(bytes, dialects[target]), noUsage);
  return JSON.parse(translation.whole(bytes, usage).toString());
}

const answering = (text: string) => async () =>
  new Response(text, { headers: { "content-type": "text/event-stream" } });

/** What OpenAI's own client makes of a stream. */
export async function openaiReads(text: string): Promise<OpenAI.ChatCompletion> {
  const client = new OpenAI({ apiKey: "k", fetch: answering(text), maxRetries: 0 });
  const stream = client.chat.completions.stream({ model: "m", messages: [{ role: "user", content: "Hi" }] });
  return stream.finalChatCompletion();
}

/** What Anthropic's own client makes of a stream. */
export async function anthropicReads(text: string): Promise<Anthropic.Message> {
  const client = new Anthropic({ apiKey: "k", fetch: answering(text), maxRetries: 0 });
  const stream = client.messages.stream({ model: "m", max_tokens: 1, messages: [{ role: "user", content: "Hi" }] });
  return stream.finalMessage();
}
