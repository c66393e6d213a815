import { readdirSync, readFileSync } from "node:fs";
import type { WireEvent } from "../../src/dialects/dialect.ts";
import { openaiChat } from "../../src/dialects/openai-chat.ts";
import { createSseParser } from "../../src/dialects/sse.ts";
import { createEventReader, eventFromBytes, wholeEvent } from "../../src/engine/event.ts";
import type { Slot } from "../../src/slot.ts";

const folder = new URL("../fixtures/openai-chat/", import.meta.url);
export const fixture = (name: string): Buffer => readFileSync(new URL(name, folder));
export const streams = readdirSync(folder).filter((name) => name.endsWith(".sse"));

/** The events of a stream, cut into pieces of so many bytes. */
export function read(bytes: Uint8Array, piece = bytes.length): WireEvent[] {
  const events: WireEvent[] = [];
  const toEvent = createEventReader(openaiChat);
  const parser = createSseParser((event) => events.push(toEvent(event)));
  for (let at = 0; at < bytes.length; at += piece) parser.write(bytes.subarray(at, at + piece));
  parser.end();
  return events;
}
export const stream = (name: string): WireEvent[] => read(fixture(name));
export const whole = (body: unknown): WireEvent => wholeEvent(Buffer.from(JSON.stringify(body)), openaiChat);
export const chunk = (data: unknown): WireEvent => {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return eventFromBytes(Buffer.from(`data: ${text}\n\n`), openaiChat);
};
export const of = (delta: object, finish: string | null = null, index = 0) =>
  chunk({ id: "c", created: 7, model: "m", choices: [{ index, delta, finish_reason: finish }] });

export const textSlots = (event: WireEvent): Slot[] =>
  (event.document()?.slots ?? []).filter((slot) => slot.kind !== "key");

/** The text of every channel, in the order in which they begin. */
export function texts(events: readonly WireEvent[]): Record<string, string> {
  const all: Record<string, string> = {};
  for (const event of events) {
    const document = event.document();
    for (const slot of textSlots(event)) {
      const channel = document && openaiChat.channel(document, slot);
      if (channel !== undefined) all[channel] = (all[channel] ?? "") + slot.text;
    }
  }
  return all;
}
