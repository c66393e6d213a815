import type Anthropic from "@anthropic-ai/sdk";
import type OpenAI from "openai";
import type { EnvoyScene } from "./scene.ts";

type Clients = Pick<EnvoyScene, "openai" | "anthropic">;

/** One dialect with its official client. */
export interface Speaker {
  readonly name: string;
  ask(clients: Clients, text: string): Promise<string>;
  /** Yields each piece of text as the client hands it out. */
  stream(clients: Clients, text: string, signal?: AbortSignal): AsyncGenerator<string>;
  /** What a streamed piece of text looks like on the provider's wire. */
  piece(text: string): string;
  readonly opening: readonly string[];
  readonly closing: readonly string[];
}

const chat = (content: string) => ({ model: "fast", messages: [{ role: "user" as const, content }] });

const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "gpt-5-mini", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

export const openai: Speaker = {
  name: "openai",
  async ask({ openai }, text) {
    const completion: OpenAI.ChatCompletion = await openai.chat.completions.create(chat(text));
    return completion.choices[0]?.message.content ?? "";
  },
  async *stream({ openai }, text, signal) {
    const stream = await openai.chat.completions.create({ ...chat(text), stream: true }, { signal });
    for await (const { choices } of stream) {
      const piece = choices[0]?.delta.content;
      if (piece) yield piece;
    }
  },
  piece: (content) => chunk({ content }),
  opening: [chunk({ role: "assistant", content: "" })],
  closing: [chunk({}, "stop"), "data: [DONE]\n\n"],
};

/** Of a target that speaks the same wire: what is translated arrives in pieces of another shape. */
const message = (content: string) => ({ ...chat(content), model: "claude", max_tokens: 400 });
const event = (type: string, fields: object = {}): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
const begun = {
  id: "m",
  type: "message",
  role: "assistant",
  model: "claude-haiku-4-5",
  content: [],
  stop_reason: null,
};

const anthropic: Speaker = {
  name: "@anthropic-ai/sdk",
  async ask({ anthropic }, text) {
    const answer: Anthropic.Message = await anthropic.messages.create(message(text));
    return answer.content.map((block) => (block.type === "text" ? block.text : "")).join("");
  },
  async *stream({ anthropic }, text, signal) {
    const stream = await anthropic.messages.create({ ...message(text), stream: true }, { signal });
    for await (const each of stream)
      if (each.type === "content_block_delta" && each.delta.type === "text_delta") yield each.delta.text;
  },
  piece: (text) => event("content_block_delta", { index: 0, delta: { type: "text_delta", text } }),
  opening: [
    event("message_start", { message: { ...begun, usage: { input_tokens: 9, output_tokens: 1 } } }),
    event("content_block_start", { index: 0, content_block: { type: "text", text: "" } }),
  ],
  closing: [
    event("content_block_stop", { index: 0 }),
    event("message_delta", { delta: { stop_reason: "end_turn" }, usage: { output_tokens: 9 } }),
    event("message_stop"),
  ],
};

export const speakers: readonly Speaker[] = [openai, anthropic];

/** Everything that a stream says. */
export async function whole(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) text += piece;
  return text;
}

/** Asks until it is so, at most ten seconds. */
export async function eventually(ask: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await ask()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("it never came to that");
}
