import { wrong } from "../fields.ts";
import type { Json } from "./json.ts";
import type { Fields } from "./losses.ts";
import type { Conversation, Setting, Tool } from "./model.ts";
import { readMessages } from "./openai-chat-from-messages.ts";
import { type Choice, type Effort, Settings } from "./settings.ts";
import { Unfit } from "./unfit.ts";

const efforts: ReadonlySet<string> = new Set(["none", "minimal", "low", "medium", "high", "xhigh", "max"]);

function readTool(outer: Fields): Tool | undefined {
  const type = outer.string("type") ?? "function";
  const tool = type === "function" ? outer.fields("function") : undefined;
  if (tool === undefined) {
    outer.losses.name(outer.at);
    return undefined;
  }
  outer.rest();
  const name = tool.required("name", tool.string("name"));
  const description = tool.string("description");
  const schema = tool.object("parameters") ?? { type: "object", properties: {} };
  const strict = tool.boolean("strict");
  tool.rest();
  return {
    at: tool.at,
    name,
    description,
    schema,
    strict: strict === undefined ? undefined : { at: tool.place("strict"), value: strict },
    marks: {},
  };
}

const words: ReadonlyMap<string, Choice> = new Map([
  ["none", { kind: "none" }],
  ["auto", { kind: "auto" }],
  ["required", { kind: "any" }],
]);

const modes: ReadonlyMap<string, "auto" | "any"> = new Map([
  ["auto", "auto"],
  ["required", "any"],
]);

function nameIn(fields: Fields | undefined): string | undefined {
  const name = fields?.string("name");
  fields?.rest();
  return name;
}

/** A tool of a kind that only OpenAI has cannot be called elsewhere anyway. */
function readAllowed(allowed: Fields): Choice {
  const only = allowed.all("tools").flatMap((tool) => {
    const type = tool.string("type") ?? "function";
    if (type === "function") return [tool.required("function", nameIn(tool.fields("function")))];
    tool.losses.name(tool.at);
    return [];
  });
  const mode = allowed.string("mode") ?? "auto";
  allowed.rest();
  return { kind: allowed.required("mode", modes.get(mode)), only };
}

function readChoice(body: Fields): Choice | undefined {
  const value = body.take("tool_choice");
  if (value === undefined) return undefined;
  if (typeof value === "string") return body.required("tool_choice", words.get(value));
  const choice = body.required("tool_choice", body.fields("tool_choice"));
  const type = choice.string("type") ?? "function";
  const allowed = choice.fields("allowed_tools");
  if (allowed !== undefined) return readAllowed(allowed);
  if (type !== "function") throw new Unfit("tools");
  const name = nameIn(choice.fields("function"));
  choice.rest();
  return { kind: "tool", name: choice.required("name", name) };
}

function told(fields: Fields, key: string): Setting<string> | undefined {
  const value = fields.string(key);
  return value === undefined ? undefined : { at: fields.place(key), value };
}

function readFormat(body: Fields, settings: Settings): void {
  const format = body.fields("response_format");
  if (format === undefined) return;
  const type = format.string("type");
  const schema = type === "json_schema" ? format.fields("json_schema") : undefined;
  if (schema === undefined) {
    if (type !== "text") body.losses.name(format.at);
    return;
  }
  settings.set("format", format.at, {
    name: told(schema, "name"),
    description: told(schema, "description"),
    schema: schema.object("schema") ?? { type: "object" },
    strict: schema.boolean("strict") ?? false,
  });
  schema.rest();
  format.rest();
}

/** Of both limits the higher one bounds the answer, as `ask` has it. */
function readLimit(body: Fields, settings: Settings): void {
  const own = body.number("max_completion_tokens");
  const old = body.number("max_tokens");
  if (own === undefined && old === undefined) return;
  const at = body.place(own === undefined ? "max_tokens" : "max_completion_tokens");
  settings.set("maxOutput", at, Math.max(own ?? 0, old ?? 0));
}

function readStop(body: Fields, settings: Settings): void {
  const stop = body.take("stop");
  const list = typeof stop === "string" ? [stop] : stop;
  if (list === undefined) return;
  if (!Array.isArray(list) || !list.every((each) => typeof each === "string")) throw wrong("stop");
  if (list.length > 0) settings.set("stop", body.place("stop"), list);
}

/** `user` is the older name; where both are told, the newer one is carried. */
function readUser(body: Fields, settings: Settings): void {
  const old = body.string("user");
  const own = body.string("safety_identifier");
  if (own && old && own !== old) body.losses.name(body.place("user"));
  if (own || old) settings.set("user", body.place(own ? "safety_identifier" : "user"), own || old);
}

function readSettings(body: Fields, settings: Settings): void {
  const place = (key: string) => body.place(key);
  readLimit(body, settings);
  settings.set("temperature", place("temperature"), body.number("temperature"));
  settings.set("topP", place("top_p"), body.number("top_p"));
  settings.set("topK", place("top_k"), body.number("top_k"));
  settings.set("seed", place("seed"), body.number("seed"));
  settings.set("choices", place("n"), body.number("n"));
  settings.set("presencePenalty", place("presence_penalty"), body.number("presence_penalty"));
  settings.set("frequencyPenalty", place("frequency_penalty"), body.number("frequency_penalty"));
  settings.set("logprobs", place("logprobs"), body.boolean("logprobs"));
  settings.set("topLogprobs", place("top_logprobs"), body.number("top_logprobs"));
  settings.set("parallelCalls", place("parallel_tool_calls"), body.boolean("parallel_tool_calls"));
  readStop(body, settings);
  readUser(body, settings);
  readFormat(body, settings);
  const effort = body.string("reasoning_effort");
  if (effort !== undefined && !efforts.has(effort)) body.losses.name(place("reasoning_effort"));
  else settings.set("effort", place("reasoning_effort"), effort as Effort | undefined);
  const tier = body.string("service_tier");
  if (tier === "auto" || tier === "default") {
    settings.set("tier", place("service_tier"), tier === "auto" ? "auto" : "standard");
  } else if (tier !== undefined) body.losses.name(place("service_tier"));
}

/** What a chat completion does where these are left out. */
const defaults = { store: false, verbosity: "medium" } as const;

/** Whether a stream tells its usage, and with how much padding, is between the gateway and each side. */
export function from(body: Fields, json: Json): Conversation {
  const settings = new Settings();
  const modalities = body.list("modalities");
  // Callers that say `functions` look for the answer where no tool call is.
  if (body.take("functions") !== undefined) throw new Unfit("tools");
  if (modalities?.some((each) => each !== "text")) throw new Unfit("modality");
  readSettings(body, settings);
  settings.set("toolChoice", body.place("tool_choice"), readChoice(body));
  // Empty it asks for a search too.
  if (body.take("web_search_options") !== undefined) body.losses.name(body.place("web_search_options"));
  const options = body.fields("stream_options");
  options?.take("include_usage");
  options?.take("include_obfuscation");
  options?.rest();
  const conversation: Conversation = {
    model: body.required("model", body.string("model")),
    stream: body.boolean("stream") ?? false,
    tools: body.all("tools").flatMap((tool) => readTool(tool) ?? []),
    turns: readMessages(body, json),
    settings,
  };
  body.rest(defaults);
  return conversation;
}
