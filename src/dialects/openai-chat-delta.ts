import type { WireEvent } from "./dialect.ts";
import { sseBytes } from "./sse.ts";

function deltaOf(channel: string, text: string): object {
  const [name = "", index] = channel.split(".");
  switch (name) {
    case "tool":
      return { tool_calls: [{ index: Number(index), function: { arguments: text } }] };
    case "custom":
      return { tool_calls: [{ index: Number(index), custom: { input: text } }] };
    case "function_call":
      return { function_call: { arguments: text } };
    case "audio":
      return { audio: { transcript: text } };
    case "thinking":
      return { content: [{ type: "thinking", thinking: [{ type: "text", text }] }] };
    default:
      return { [name]: text };
  }
}

/** The names of channels are those that `channel` gives. */
export function delta(like: WireEvent, channel: string, text: string): Uint8Array {
  const document = like.document();
  const dot = channel.indexOf(".");
  const choice = { index: Number(channel.slice(0, dot)), delta: deltaOf(channel.slice(dot + 1), text) };
  const chunk = {
    id: document?.get(["id"]) ?? "",
    object: "chat.completion.chunk",
    created: document?.get(["created"]) ?? 0,
    model: document?.get(["model"]) ?? "",
    choices: [{ ...choice, logprobs: null, finish_reason: null }],
  };
  return sseBytes(undefined, JSON.stringify(chunk));
}

/** Clients of this wire pass over comments: several providers keep long waits open with them. */
export const keepAlive: Uint8Array = Buffer.from(": keep-alive\n\n");
