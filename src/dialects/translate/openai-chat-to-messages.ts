import { createIds, type Ids, type Names, type WordRule } from "./ids.ts";
import type { Json } from "./json.ts";
import type { Losses } from "./losses.ts";
import type { Block, Call, Media, Rendering, Result, Text, Turn } from "./model.ts";
import type { Abilities } from "./openai-chat-models.ts";
import { namePrefill, toDataUrl } from "./parts.ts";
import { Unfit } from "./unfit.ts";

type Written = Record<string, unknown>;

/** Longer ids are refused, whatever is in them. */
export const idRule: WordRule = { pattern: /^[\x21-\x7e]+$/, longest: 40 };

interface Context {
  readonly abilities: Abilities;
  readonly ids: Ids;
  readonly names: Names;
  readonly losses: Losses;
  readonly json: Json;
}

function toImage({ source, marks }: Media): Written {
  if (source.kind === "text") throw new Unfit("content");
  const url = source.kind === "url" ? source.url : toDataUrl(source.mediaType, source.data);
  return { type: "image_url", image_url: { url, ...(marks.detail !== undefined && { detail: marks.detail.value }) } };
}

/** A document of plain text is said as text; one that lies somewhere in the web cannot be sent. */
function toDocument(document: Media, losses: Losses): Written {
  const { source, marks, at } = document;
  if (source.kind === "url") throw new Unfit("content");
  if (source.kind === "text") {
    losses.name(at, "changed");
    losses.marks({ ...(marks.title !== undefined && { title: marks.title }) });
    return { type: "text", text: source.text };
  }
  const filename = marks.title?.value ?? "document.pdf";
  return { type: "file", file: { filename, file_data: toDataUrl(source.mediaType, source.data) } };
}

function toPart(part: Text | Media, { abilities, losses }: Context): Written {
  const written =
    part.kind === "text"
      ? { type: "text", text: part.text }
      : part.kind === "image"
        ? toImage(part)
        : toDocument(part, losses);
  const cached = abilities.breakpoints && part.marks.cache !== undefined;
  losses.marks(part.marks, ...(cached ? (["cache"] as const) : []), "detail", "title");
  return cached ? { ...written, prompt_cache_breakpoint: { mode: "explicit" } } : written;
}

/** Servers that speak this wire know a string better than a list with one text in it. */
function compact(parts: readonly Written[]): unknown {
  const [only] = parts;
  return parts.length === 1 && only?.type === "text" && only.prompt_cache_breakpoint === undefined ? only.text : parts;
}

const isPart = (block: Block): block is Text | Media => block.kind !== "call" && block.kind !== "result";

function toCall(call: Call, { ids, names, losses, json }: Context): Written {
  losses.marks(call.marks);
  const inner = { name: names.to(call.name), arguments: json.stringify(call.input) };
  return { id: ids.call(call.id), type: "function", function: inner };
}

function addAssistant(messages: Written[], turn: Turn, context: Context): void {
  const parts = turn.blocks.filter(isPart).map((part) => {
    if (part.kind !== "text") throw new Unfit("content");
    return toPart(part, context);
  });
  const calls = turn.blocks.filter((block) => block.kind === "call").map((call) => toCall(call, context));
  if (parts.length === 0 && calls.length === 0) return;
  const content = parts.length === 0 ? null : compact(parts);
  messages.push({ role: "assistant", content, ...(calls.length > 0 && { tool_calls: calls }) });
}

/** A result holds text only; its images and files follow in what the user says, behind all results. */
function addResult(messages: Written[], result: Result, moved: Written[], context: Context): void {
  const { losses, ids } = context;
  const texts: Written[] = [];
  for (const part of result.content) {
    const written = toPart(part, context);
    if (written.type === "text") texts.push(written);
    else {
      losses.name(part.at, "moved");
      moved.push(written);
    }
  }
  losses.marks(result.marks);
  const content = texts.length === 0 ? "" : compact(texts);
  messages.push({ role: "tool", tool_call_id: ids.result(result.id), content });
}

function addUser(messages: Written[], turn: Turn, context: Context): void {
  const parts: Written[] = [];
  for (const block of turn.blocks) if (block.kind === "result") addResult(messages, block, parts, context);
  for (const block of turn.blocks) if (isPart(block)) parts.push(toPart(block, context));
  if (parts.length > 0) messages.push({ role: "user", content: compact(parts) });
}

/** Calls that anyone but the assistant makes, and results that anyone but the user brings, no wire has. */
function checkTurn({ role, blocks }: Turn): void {
  const strange = blocks.some(
    ({ kind }) => (kind === "call" && role !== "assistant") || (kind === "result" && role !== "user"),
  );
  if (strange) throw new Unfit("content");
}

export function toMessages(
  turns: readonly Turn[],
  abilities: Abilities,
  { names, losses, json }: Rendering,
): readonly Written[] {
  const context: Context = { abilities, ids: createIds(idRule), names, losses, json };
  namePrefill(turns, losses);
  const messages: Written[] = [];
  for (const turn of turns) {
    checkTurn(turn);
    const { speaker } = turn.marks;
    losses.marks(turn.marks, "speaker");
    const before = messages.length;
    if (turn.role === "assistant") addAssistant(messages, turn, context);
    else if (turn.role === "user") addUser(messages, turn, context);
    else if (turn.blocks.length > 0) {
      messages.push({
        role: "system",
        content: compact(turn.blocks.filter(isPart).map((part) => toPart(part, context))),
      });
    }
    const last = messages.length > before ? messages.at(-1) : undefined;
    if (speaker !== undefined && last !== undefined && last.role !== "tool") last.name = speaker.value;
  }
  return messages;
}
