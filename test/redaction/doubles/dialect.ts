import type { Dialect, WireEvent } from "../../../src/dialects/dialect.ts";
import { json, opaque, rules, text } from "../../../src/dialects/rules.ts";
import { sseBytes } from "../../../src/dialects/sse.ts";

/** One piece of running text in an event of the double's wire. */
export interface Delta {
  readonly channel: string;
  readonly text?: string;
  readonly json?: string;
}

/** One event: deltas of any channels, and the channels that end with it. */
export const wireEvent = (deltas: readonly Delta[], ends: readonly string[] = []): Uint8Array =>
  sseBytes(undefined, JSON.stringify({ deltas, ends }));

const endsOf = (event: WireEvent): readonly string[] => (event.document()?.get(["ends"]) ?? []) as string[];

/**
 * The smallest wire that has everything redaction meets: messages with text, ids and JSON arguments; answers with any number of channels
 * in one event, plain and JSON. What redaction never asks a dialect for is missing.
 */
export const wire = {
  name: "openai-chat",
  provider: "openai",
  requestHeaders: new Set(["x-tag", "x-other"]),
  requestRules: rules(text("other"), {
    model: opaque("other"),
    "system.**": text("system"),
    "messages.**": text("messages"),
    "messages[].id": opaque("messages"),
    "messages[].arguments": json("messages"),
  }),
  answerRules: rules(text("messages"), {
    "deltas[].channel": opaque("messages"),
    "deltas[].json": json("messages"),
    "ends[]": opaque("messages"),
    "message.arguments": json("messages"),
    "message.thinking": opaque("messages"),
  }),
  channel(document, { path }) {
    return path[0] === "deltas" ? (document.get(["deltas", path[1] as number, "channel"]) as string) : undefined;
  },
  closes(event, open) {
    if (Buffer.from(event.data).toString() === "[DONE]") return open;
    return open.filter((channel) => endsOf(event).includes(channel));
  },
  delta: (_like, channel, rest) => wireEvent([{ channel, [channel.startsWith("json") ? "json" : "text"]: rest }]),
} satisfies Partial<Dialect> as unknown as Dialect;
