import { wrong } from "../fields.ts";
import { below, type Fields } from "./losses.ts";
import type { Block, Marks, Media, Result, Source, Text, Turn } from "./model.ts";
import { Unfit } from "./unfit.ts";

/** `cache_control` of a block or a tool. */
export function cacheMarks(block: Fields): Marks {
  const cache = block.fields("cache_control");
  if (cache === undefined) return {};
  const life = cache.string("ttl");
  cache.take("type");
  cache.rest();
  return {
    cache: { at: cache.at, value: true },
    ...((life === "1h" || life === "5m") && { cacheLife: { at: cache.place("ttl"), value: life } }),
  };
}

function readSource(source: Fields): Source | undefined {
  const type = source.string("type");
  const data = source.string("data");
  const mediaType = source.string("media_type");
  const url = source.string("url");
  switch (type) {
    case "base64":
      return {
        kind: "base64",
        mediaType: source.required("media_type", mediaType),
        data: source.required("data", data),
      };
    case "url":
      return { kind: "url", url: source.required("url", url) };
    case "text":
      return { kind: "text", text: source.required("data", data) };
    default:
      return undefined;
  }
}

/** What lies in the provider's own file store cannot be sent elsewhere. */
function readMedia(block: Fields, kind: "image" | "document", marks: Marks): Media {
  const source = block.required("source", block.fields("source"));
  const read = readSource(source);
  source.rest();
  if (read === undefined) throw new Unfit("content");
  return { kind, at: block.at, source: read, marks };
}

function documentMarks(block: Fields, marks: Marks): Marks {
  const title = block.string("title");
  const context = block.string("context");
  const citations = block.fields("citations");
  const enabled = citations?.boolean("enabled");
  return {
    ...marks,
    ...(title && { title: { at: block.place("title"), value: title } }),
    ...(context && { context: { at: block.place("context"), value: context } }),
    ...(enabled && { citations: { at: block.place("citations"), value: { enabled } } }),
  };
}

/** A document made of blocks is said as these blocks. */
function readDocument(block: Fields): (Text | Media)[] {
  const marks = documentMarks(block, cacheMarks(block));
  const source = block.required("source", block.fields("source"));
  if (source.string("type") !== "content") return [readMedia(block, "document", marks)];
  block.losses.name(source.at, "changed");
  block.losses.marks(marks, "cache", "cacheLife");
  const parts = readParts(source, "content");
  return parts.map((part, index) =>
    index === parts.length - 1 ? { ...part, marks: { ...part.marks, ...cacheOf(marks) } } : part,
  );
}

const cacheOf = ({ cache, cacheLife }: Marks): Marks => ({
  ...(cache !== undefined && { cache }),
  ...(cacheLife !== undefined && { cacheLife }),
});

function readText(block: Fields): Text {
  return { kind: "text", at: block.at, text: block.required("text", block.string("text")), marks: cacheMarks(block) };
}

/** A search result is said as the text that it found; where it was found is lost. */
function readSearchResult(block: Fields): (Text | Media)[] {
  block.losses.name(block.at, "changed");
  block.take("citations");
  const marks = cacheMarks(block);
  const parts = readParts(block, "content");
  return parts.map((part, index) =>
    index === parts.length - 1 ? { ...part, marks: { ...part.marks, ...marks } } : part,
  );
}

function readPart(block: Fields): (Text | Media)[] {
  switch (block.string("type")) {
    case "text":
      return [readText(block)];
    case "image":
      return [readMedia(block, "image", cacheMarks(block))];
    case "document":
      return readDocument(block);
    case "search_result":
      return readSearchResult(block);
    default:
      throw new Unfit("content");
  }
}

function readParts(holder: Fields, key: string): (Text | Media)[] {
  const content = holder.take(key);
  if (content === undefined || content === "") return [];
  if (typeof content === "string") return [{ kind: "text", at: holder.place(key), text: content, marks: {} }];
  return holder.all(key).flatMap((block) => {
    const read = readPart(block);
    block.rest();
    return read;
  });
}

function readResult(block: Fields): Result {
  const failed = block.boolean("is_error") === true;
  const marks = cacheMarks(block);
  return {
    kind: "result",
    at: block.at,
    id: block.required("tool_use_id", block.string("tool_use_id")),
    content: readParts(block, "content"),
    marks: failed ? { ...marks, failed: { at: block.place("is_error"), value: true } } : marks,
  };
}

/** Who made the call: the model itself, unless the provider's own code did. */
function readCaller(block: Fields): void {
  const caller = block.fields("caller");
  const type = caller?.string("type");
  if (caller !== undefined && type !== "direct") block.losses.name(caller.at);
}

function readCall(block: Fields): Block {
  readCaller(block);
  return {
    kind: "call",
    at: block.at,
    id: block.required("id", block.string("id")),
    name: block.required("name", block.string("name")),
    input: block.take("input") ?? {},
    marks: cacheMarks(block),
  };
}

/**
 * What only its own provider can read or run stays behind: thinking, which is signed, and what the provider's own tools did. Of the user
 * nothing may stay behind.
 */
function readBlock(block: Fields, role: Turn["role"]): readonly Block[] {
  const type = block.string("type");
  if (type === "tool_result") return read(block, [readResult(block)]);
  if (type === "tool_use") return read(block, [readCall(block)]);
  if (role === "assistant" && type !== "text" && type !== "image" && type !== "document") {
    block.losses.name(block.at);
    return [];
  }
  return read(block, readPart(block));
}

function read(block: Fields, blocks: readonly Block[]): readonly Block[] {
  block.rest();
  return blocks;
}

function readTurn(message: Fields): Turn {
  const role = message.string("role");
  if (role !== "user" && role !== "assistant" && role !== "system") throw wrong(message.place("role"));
  const { at } = message;
  const content = message.take("content");
  const blocks: readonly Block[] =
    typeof content === "string"
      ? readParts(message, "content")
      : message.all("content").flatMap((block) => readBlock(block, role));
  message.rest();
  return { role, at, blocks, marks: {} };
}

export function readTurns(body: Fields): Turn[] {
  const system: Turn = { role: "system", at: below("", "system"), blocks: readParts(body, "system"), marks: {} };
  const turns = body.all("messages").map(readTurn);
  return system.blocks.length === 0 ? turns : [system, ...turns];
}
