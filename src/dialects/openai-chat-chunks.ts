import type { Document, Path, Slot } from "../slot.ts";
import type { Stage, WireEvent } from "./dialect.ts";
import { startsWith } from "./sse-fields.ts";

const done = Buffer.from("[DONE]");

/** A JSON body rather than a chunk of a stream. */
export const isWhole = (event: WireEvent): boolean =>
  event.name === undefined && event.original.length === event.data.length;

/** As the official SDK tells it: whatever may follow on that line. */
const isDone = ({ data }: WireEvent): boolean => startsWith(data, done);

/** A string that says something, of what the model says: see `answerRules` on sections. */
export const says = (slot: Slot): boolean => slot.section === "messages" && slot.kind !== "key" && slot.size > 0;

function isReason(slot: Slot): boolean {
  if (slot.section !== "system" || slot.kind !== "opaque" || slot.size === 0) return false;
  const { path } = slot;
  return path.length === 3 && path[2] === "finish_reason";
}

/** OpenRouter ends a broken stream with the reason `error`; old errors of vLLM are objects of that type, without an envelope. */
function fails(slot: Slot, document: Document): boolean {
  if (slot.section === "messages" || slot.kind === "key") return false;
  if (slot.section === "system" && slot.path[0] === "error") return Boolean(document.get(["error"]));
  if (slot.size !== 5 || slot.text !== "error") return false;
  return isReason(slot) || (slot.path.length === 1 && slot.path[0] === "object");
}

/** An answer that is empty waits with its prelude until the stream ends. A whole body without choices is no answer. */
export function stage(event: WireEvent): Stage {
  const document = event.document();
  if (event.name === "error") return "error";
  if (document === undefined) return isDone(event) ? "end" : "prelude";
  const whole = isWhole(event);
  let content = false;
  for (const slot of document.slots) {
    if (fails(slot, document)) return "error";
    content ||= whole ? slot.section === "messages" : says(slot);
  }
  if (content) return "content";
  return whole ? "error" : "prelude";
}

const stops = (slot: Slot): boolean => isReason(slot) && slot.text !== "error";

export const finishes = (event: WireEvent): boolean => event.document()?.slots.some(stops) ?? false;

const none: readonly never[] = [];

export function finished(event: WireEvent): readonly number[] {
  const document = event.document();
  if (document === undefined || !document.slots.some(stops)) return none;
  return document.slots.filter(stops).map(({ path }) => indexAt(document, path, 2));
}

/** Of the choice or call that stands `depth` steps down a path: they come in any order, so the position in the array says nothing. */
function indexAt(document: Document, path: Path, depth: 2 | 5): number {
  const place = path.slice(0, depth + 1);
  place[depth] = "index";
  const index = document.get(place);
  return typeof index === "number" ? index : Number(path[depth - 1]);
}

export function closes(event: WireEvent, open: readonly string[]): readonly string[] {
  if (open.length === 0) return none;
  const document = event.document();
  if (document === undefined) return isDone(event) ? open : none;
  if (stage(event) === "error") return open;
  const finished = document.slots.filter(isReason);
  if (finished.length === 0) return none;
  const choices = finished.map((slot) => `${indexAt(document, slot.path, 2)}.`);
  return open.filter((channel) => choices.some((choice) => channel.startsWith(choice)));
}

/** Fields of a delta whose text goes on in the next chunk, by the name that follows the choice in a channel's. */
const running: ReadonlySet<string | number | undefined> = new Set([
  "content",
  "refusal",
  "reasoning",
  "reasoning_content",
]);

function toolChannel(document: Document, path: Path): string | undefined {
  const tool = () => indexAt(document, path, 5);
  if (path[5] === "function" && path[6] === "arguments") return `tool.${tool()}`;
  return path[5] === "custom" && path[6] === "input" ? `custom.${tool()}` : undefined;
}

function nameOf(document: Document, path: Path): string | undefined {
  const field = path[3];
  const last = path.at(-1);
  if (path.length === 4) return running.has(field) ? String(field) : undefined;
  if (path.length === 5 && field === "function_call" && last === "arguments") return "function_call";
  if (path.length === 5 && field === "audio" && last === "transcript") return "audio";
  if (path.length === 6 && field === "content" && last === "text") return "content";
  if (path.length === 8 && field === "content" && path[5] === "thinking" && last === "text") return "thinking";
  return path.length === 7 && field === "tool_calls" ? toolChannel(document, path) : undefined;
}

/**
 * `0.content`, `0.reasoning_content`, `0.tool.1`, `0.custom.1`, `0.function_call`, `0.audio`; the first number is the choice. Mistral's
 * content may be an array of parts, some of them `0.thinking`.
 */
export function channel(document: Document, slot: Slot): string | undefined {
  if (slot.kind !== "text" || slot.section !== "messages") return undefined;
  const { path } = slot;
  const name = path[2] === "delta" ? nameOf(document, path) : undefined;
  return name && `${indexAt(document, path, 2)}.${name}`;
}

/** One more for each choice that ends, since the token that ends it has no text. Names and ids of calls pay for the tokens around them. */
export function flowed(event: WireEvent): number {
  let tokens = 0;
  for (const slot of event.document()?.slots ?? []) {
    if (says(slot)) tokens += slot.size;
    else if (isReason(slot)) tokens += 1;
  }
  return tokens;
}
