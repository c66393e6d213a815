import type { CacheMarks } from "./anthropic-messages-cache.ts";
import type { Abilities } from "./anthropic-messages-models.ts";
import { createIds, type Ids, type Names, type WordRule } from "./ids.ts";
import type { Losses } from "./losses.ts";
import type { Block, Media, Rendering, Result, Source, Text, Turn } from "./model.ts";
import { namePrefill } from "./parts.ts";
import { Unfit } from "./unfit.ts";

type Written = Record<string, unknown>;
interface Message {
  readonly role: "user" | "assistant" | "system";
  readonly content: Written[];
}

export const idRule: WordRule = { pattern: /^[a-zA-Z0-9_-]+$/, longest: 128 };

const images: ReadonlySet<string> = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"]);

function toImage(source: Source): Written {
  if (source.kind === "url") return { type: "url", url: source.url };
  if (source.kind === "text") throw new Unfit("content");
  const type = source.mediaType === "image/jpg" ? "image/jpeg" : source.mediaType;
  if (!images.has(type)) throw new Unfit("content");
  return { type: "base64", media_type: type, data: source.data };
}

function toDocument(source: Source): Written {
  if (source.kind === "url") return { type: "url", url: source.url };
  if (source.kind === "text") return { type: "text", media_type: "text/plain", data: source.text };
  if (source.mediaType !== "application/pdf") throw new Unfit("content");
  return { type: "base64", media_type: "application/pdf", data: source.data };
}

interface Context {
  readonly ids: Ids;
  readonly names: Names;
  readonly cached: CacheMarks;
  readonly losses: Losses;
}

/** Text without any letter is refused here. */
function toText(block: Text, losses: Losses): Written | undefined {
  if (block.text.trim() !== "") return { type: "text", text: block.text };
  if (block.text !== "") losses.name(block.at);
  return undefined;
}

function toMedia(block: Media): Written {
  if (block.kind === "image") return { type: "image", source: toImage(block.source) };
  const { title, context, citations } = block.marks;
  return {
    type: "document",
    source: toDocument(block.source),
    ...(title !== undefined && { title: title.value }),
    ...(context !== undefined && { context: context.value }),
    ...(citations !== undefined && { citations: citations.value }),
  };
}

function toResult({ id, content, marks }: Result, context: Context): Written {
  const written = toBlocks(content, context);
  return {
    type: "tool_result",
    tool_use_id: context.ids.result(id),
    ...(written.length > 0 && { content: compact(written) }),
    ...(marks.failed !== undefined && { is_error: true }),
  };
}

function bare(block: Block, context: Context): Written | undefined {
  const { ids, names, losses } = context;
  switch (block.kind) {
    case "text":
      return toText(block, losses);
    case "image":
    case "document":
      return toMedia(block);
    case "call":
      return { type: "tool_use", id: ids.call(block.id), name: names.to(block.name), input: block.input };
    case "result":
      return toResult(block, context);
  }
}

function toBlock(block: Block, context: Context): Written | undefined {
  const written = bare(block, context);
  if (written === undefined) return undefined;
  const document = block.kind === "document";
  if (document) context.losses.marks(block.marks, "cache", "cacheLife", "title", "context", "citations");
  else context.losses.marks(block.marks, "cache", "cacheLife", "failed");
  context.cached.add(written, block.marks);
  return written;
}

function toBlocks(blocks: readonly Block[], context: Context): Written[] {
  const written: Written[] = [];
  for (const block of blocks) {
    const one = toBlock(block, context);
    if (one !== undefined) written.push(one);
  }
  return written;
}

/** May a system turn stand here: behind a user's, and last or before an assistant's? */
const stands = (before: Message | undefined, next: Turn["role"] | undefined): boolean =>
  before !== undefined && before.role !== "assistant" && next !== "user";

/** Of each turn the role that speaks next, instructions apart. */
function speakersAfter(turns: readonly Turn[]): (Turn["role"] | undefined)[] {
  let next: Turn["role"] | undefined;
  const roles = turns.toReversed().map(({ role }) => {
    const after = next;
    if (role !== "system") next = role;
    return after;
  });
  return roles.reverse();
}

const compact = (content: readonly Written[]): unknown => {
  const [only] = content;
  return content.length === 1 && only?.type === "text" && only.cache_control === undefined ? only.text : content;
};

/** Turns of one role become one message, since calls and results must be neighbours. Says whether results went before what was said. */
function add(messages: Message[], role: Message["role"], content: readonly Written[]): boolean {
  const last = messages.at(-1);
  if (content.length === 0) return false;
  if (last?.role !== role) {
    messages.push({ role, content: [...content] });
    return false;
  }
  const said = content[0]?.type === "tool_result" ? last.content.findIndex(({ type }) => type !== "tool_result") : -1;
  last.content.splice(said < 0 ? last.content.length : said, 0, ...content);
  return said >= 0;
}

/** Where the assistant spoke last, its text must not end in space; a model that does not go on there speaks anew behind the user. */
function endPlainly(messages: Message[], { prefills }: Abilities): void {
  const last = messages.at(-1);
  const block = last?.role === "assistant" ? last.content.at(-1) : undefined;
  if (block?.type !== "text") return;
  if (prefills) block.text = String(block.text).trimEnd();
  else messages.push(silence());
}

/** The least that a user may say. */
const silence = (): Message => ({ role: "user", content: [{ type: "text", text: "." }] });

/** The first to speak has to be the user here. */
function openPlainly(messages: Message[], turns: readonly Turn[], losses: Losses): void {
  const turn = turns.find(({ role }) => role === "assistant");
  if (messages[0]?.role !== "assistant" || turn === undefined) return;
  losses.name(turn.at, "moved");
  messages.unshift(silence());
}

/** A conversation of instructions only: the last of them is what the user says, since there has to be a message. */
function speak(system: Written[], messages: Message[], turns: readonly Turn[], losses: Losses): void {
  const last = system.pop();
  const turn = turns.findLast(({ role }) => role === "system");
  if (last === undefined || turn === undefined) return;
  losses.name(turn.at, "moved");
  add(messages, "user", [last]);
}

/** Instructions go before everything, where they cannot stand where they stood. */
export function toMessages(
  turns: readonly Turn[],
  abilities: Abilities,
  cached: CacheMarks,
  { names, losses }: Rendering,
): { readonly system: unknown; readonly messages: unknown } {
  const context: Context = { ids: createIds(idRule), names, cached, losses };
  const system: Written[] = [];
  const messages: Message[] = [];
  const next = speakersAfter(turns);
  turns.forEach((turn, index) => {
    losses.marks(turn.marks);
    const content = toBlocks(turn.blocks, context);
    if (turn.role !== "system") {
      if (add(messages, turn.role, content)) losses.name(turn.at, "moved");
    } else if (abilities.systemTurns && stands(messages.at(-1), next[index])) add(messages, "system", content);
    else {
      if (messages.length > 0 && content.length > 0) losses.name(turn.at, "moved");
      for (const block of content) system.push(block);
    }
  });
  namePrefill(turns, losses);
  endPlainly(messages, abilities);
  openPlainly(messages, turns, losses);
  if (messages.length === 0) speak(system, messages, turns, losses);
  const written = messages.map(({ role, content }) => ({ role, content: compact(content) }));
  return { system: system.length === 0 ? undefined : compact(system), messages: written };
}
