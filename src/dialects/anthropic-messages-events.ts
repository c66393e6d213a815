import type { Document, Slot } from "../slot.ts";
import type { Stage, WireEvent } from "./dialect.ts";
import { sseBytes } from "./sse.ts";

const known: ReadonlySet<string> = new Set([
  "message_start",
  "content_block_start",
  "content_block_delta",
  "content_block_stop",
  "message_delta",
  "message_stop",
  "ping",
  "error",
]);

/** What an event or a whole body is; the event's name tells it without a walk. */
export function typeOf(event: WireEvent): string | undefined {
  if (event.name !== undefined && known.has(event.name)) return event.name;
  const type = event.document()?.get(["type"]);
  return typeof type === "string" ? type : event.name;
}

const isWhole = (event: WireEvent): boolean => event.name === undefined && event.original.length === event.data.length;

/** Signatures, citations and blocks of next year are found by their place; what the model says by its section. */
function says(event: WireEvent, part: "delta" | "content_block"): boolean {
  const slots = event.document()?.slots ?? [];
  if (slots.some((slot) => slot.section === "messages" && slot.size > 0)) return true;
  return slots.some((slot) => {
    if (slot.size === 0 || slot.kind === "key") return false;
    const { path } = slot;
    return path[0] === part && (path.length > 2 || path[1] !== "type");
  });
}

export function finishes(event: WireEvent): boolean {
  switch (typeOf(event)) {
    case "message_delta":
      return typeof event.document()?.get(["delta", "stop_reason"]) === "string";
    case "message":
      return true;
    default:
      return false;
  }
}

const none: readonly never[] = [];
const theOne: readonly number[] = [0];

/** This wire has one choice. */
export const finished = (event: WireEvent): readonly number[] => (finishes(event) ? theOne : none);

/**
 * An answer without any text is an answer too, once the model said why it stopped. An unknown event waits with the prelude. A whole body
 * without content is no answer.
 */
export function stage(event: WireEvent): Stage {
  switch (typeOf(event)) {
    case "error":
      return "error";
    case "message_stop":
      return "end";
    case "content_block_delta":
      return says(event, "delta") ? "content" : "prelude";
    case "content_block_start":
      return says(event, "content_block") ? "content" : "prelude";
    case "message_delta":
      return finishes(event) ? "content" : "prelude";
    case "message":
      return "content";
    default:
      if (!isWhole(event)) return "prelude";
      return event.document()?.get(["content"]) === undefined ? "error" : "content";
  }
}

export function closes(event: WireEvent, open: readonly string[]): readonly string[] {
  if (open.length === 0) return none;
  switch (typeOf(event)) {
    case "content_block_stop": {
      const block = `${indexOf(event.document())}.`;
      return open.filter((channel) => channel.startsWith(block));
    }
    case "message_stop":
    case "error":
      return open;
    default:
      return none;
  }
}

function indexOf(document: Document | undefined): number {
  const index = document?.get(["index"]);
  return typeof index === "number" ? index : 0;
}

/** Text goes on from one event to the next in these places alone; citations and what server tools found come as whole strings. */
const running: ReadonlyMap<unknown, string> = new Map([
  ["text", "text"],
  ["partial_json", "json"],
]);

/** `0.text`, `1.json`; the number is the block's. */
export function channel(document: Document, slot: Slot): string | undefined {
  if (slot.kind !== "text" || slot.section !== "messages") return undefined;
  const kind = running.get(slot.path[1]);
  return kind && `${indexOf(document)}.${kind}`;
}

/** A whole message's numbers and names count too, so its bytes bound it. */
export function flowed(event: WireEvent): number {
  switch (typeOf(event)) {
    case "message":
      return event.data.length;
    case "content_block_delta":
    case "content_block_start": {
      let bytes = 0;
      for (const slot of event.document()?.slots ?? []) if (slot.section === "messages") bytes += slot.size;
      return bytes;
    }
    default:
      return 0;
  }
}

export function delta(_like: WireEvent, name: string, text: string): Uint8Array {
  const dot = name.lastIndexOf(".");
  const content =
    name.slice(dot + 1) === "json" ? { type: "input_json_delta", partial_json: text } : { type: "text_delta", text };
  const data = { type: "content_block_delta", index: Number(name.slice(0, dot)), delta: content };
  return sseBytes("content_block_delta", JSON.stringify(data));
}

/** A ping is part of this wire, so every client passes over it. */
export const keepAlive: Uint8Array = sseBytes("ping", '{"type":"ping"}');
