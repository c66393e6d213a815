import { wrong } from "../fields.ts";
import type { Json } from "./json.ts";
import type { Fields } from "./losses.ts";
import type { Block, Call, Marks, Media, Source, Text, Turn } from "./model.ts";
import { fromDataUrl, objectIn } from "./parts.ts";
import { Unfit } from "./unfit.ts";

function cacheMark(part: Fields): Marks {
  const breakpoint = part.take("prompt_cache_breakpoint");
  return breakpoint === undefined ? {} : { cache: { at: part.place("prompt_cache_breakpoint"), value: true } };
}

/** Mistral's image URL is a string. */
function readImage(part: Fields, marks: Marks): Media {
  const at = part.at;
  const bare = part.take("image_url");
  const image = typeof bare === "string" ? undefined : part.required("image_url", part.fields("image_url"));
  const url = typeof bare === "string" ? bare : image?.string("url");
  const detail = image?.string("detail");
  image?.rest();
  const source = toSource(part.required("image_url", url));
  if (source === undefined) throw new Unfit("content");
  if (image === undefined || detail === undefined || detail === "auto") return { kind: "image", at, marks, source };
  return { kind: "image", at, source, marks: { ...marks, detail: { at: image.place("detail"), value: detail } } };
}

const isData = (url: string): boolean => /^data:/i.test(url);

const toSource = (url: string): Source | undefined => (isData(url) ? fromDataUrl(url) : { kind: "url", url });

/** `%PDF` in base64. */
const barePdf = (data: string): Source | undefined =>
  data.startsWith("JVBER") ? { kind: "base64", mediaType: "application/pdf", data } : undefined;

/** A file's data is a `data:` URL, or bare base64 of a PDF. One that lies at OpenAI cannot be sent elsewhere. */
function readFile(part: Fields, marks: Marks): Media {
  const file = part.required("file", part.fields("file"));
  if (file.string("file_id") !== undefined) throw new Unfit("content");
  const data = file.required("file_data", file.string("file_data"));
  const source = isData(data) ? fromDataUrl(data) : barePdf(data);
  if (source === undefined) throw new Unfit("content");
  const title = file.string("filename");
  file.rest();
  const named = title === undefined ? marks : { ...marks, title: { at: file.place("filename"), value: title } };
  return { kind: "document", at: part.at, source, marks: named };
}

function readPart(part: Fields): Text | Media {
  const type = part.string("type");
  const marks = cacheMark(part);
  switch (type) {
    case "text":
      return { kind: "text", at: part.at, text: part.required("text", part.string("text")), marks };
    case "refusal":
      part.losses.name(part.at, "changed");
      return { kind: "text", at: part.at, text: part.required("refusal", part.string("refusal")), marks };
    case "image_url":
      return readImage(part, marks);
    case "file":
      return readFile(part, marks);
    default:
      throw new Unfit("content");
  }
}

function readContent(message: Fields): (Text | Media)[] {
  const content = message.take("content");
  const at = message.place("content");
  if (content === undefined || content === "") return [];
  if (typeof content === "string") return [{ kind: "text", at, text: content, marks: {} }];
  return message.all("content").map((part) => {
    const read = readPart(part);
    part.rest();
    return read;
  });
}

/** A wire that wants an object gets text that is none as `{"arguments": text}`: models write such, and callers send it back. */
function readInput(text: string, json: Json, changed: () => void): unknown {
  if (text.trim() === "") return {};
  const input = objectIn(text, json);
  if (input !== undefined) return input;
  changed();
  return { arguments: text };
}

function readCall(call: Fields, json: Json): Call {
  const id = call.required("id", call.string("id"));
  const type = call.string("type");
  const inner = call.required("function", call.fields(type === "custom" ? "custom" : "function"));
  const name = inner.required("name", inner.string("name"));
  const input =
    type === "custom"
      ? { input: inner.string("input") ?? "" }
      : readInput(inner.string("arguments") ?? "", json, () => call.losses.name(inner.place("arguments"), "changed"));
  if (type === "custom") call.losses.name(call.at, "changed");
  inner.rest();
  call.rest();
  return { kind: "call", at: call.at, id, name, input, marks: {} };
}

function readAssistant(message: Fields, json: Json): Block[] {
  const blocks: Block[] = readContent(message);
  const refusal = message.string("refusal");
  if (refusal) {
    message.losses.name(message.place("refusal"), "changed");
    blocks.push({ kind: "text", at: message.place("refusal"), text: refusal, marks: {} });
  }
  for (const call of message.all("tool_calls")) blocks.push(readCall(call, json));
  const elsewhere = message.take("audio") ?? message.take("function_call");
  if (elsewhere !== undefined) throw new Unfit("content");
  return blocks;
}

function readTurn(message: Fields, json: Json): Turn {
  const role = message.string("role");
  const { at } = message;
  const name = message.string("name");
  const marks: Marks = name && role !== "tool" ? { speaker: { at: message.place("name"), value: name } } : {};
  switch (role) {
    case "system":
    case "developer":
      return { role: "system", at, marks, blocks: readContent(message) };
    case "user":
      return { role: "user", at, marks, blocks: readContent(message) };
    case "assistant":
      return { role: "assistant", at, marks, blocks: readAssistant(message, json) };
    case "tool": {
      const id = message.required("tool_call_id", message.string("tool_call_id"));
      return {
        role: "user",
        at,
        marks,
        blocks: [{ kind: "result", at, id, content: readContent(message), marks: {} }],
      };
    }
    case "function":
      throw new Unfit("content");
    default:
      throw wrong(message.place("role"));
  }
}

export function readMessages(body: Fields, json: Json): Turn[] {
  return body.all("messages").map((message) => {
    const turn = readTurn(message, json);
    message.rest();
    return turn;
  });
}
