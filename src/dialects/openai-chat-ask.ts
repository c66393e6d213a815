import type { RequestHead } from "../http.ts";
import type { Document, Path, Scalar } from "../slot.ts";
import { type Ask, type AskChange, bareAsk, type ServerOptions } from "./dialect.ts";
import { count, fieldsOf, flag, name, object, wrong } from "./fields.ts";
import { inputOf } from "./openai-chat-input.ts";
import { modelInPath, operation } from "./openai-chat-routes.ts";

/** Of the names that limit the output, each server knows one or both. */
const limits = ["max_completion_tokens", "max_tokens"] as const;

/** Models that refuse `max_tokens`, or take either; servers that are compatible may know that one only. */
const openAi = /(?:^|[/:])(?:o\d|(?:chat)?gpt-\d|codex)/;

/** The o-series, gpt-5 and later but for `gpt-5-chat` (later chat variants do think), and models that are called so. */
const thinkers = /(?:^|[/:])(?:o\d|gpt-(?!5-chat)[5-9]|gpt-oss)|(?:-|\b)(?:thinking|reasoner|reasoning)\b/;

const isSet = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== false && (!Array.isArray(value) || value.length > 0);

/** Bills tokens that do not flow. What the caller says counts more than the name; a prediction bills what it got wrong. */
export function reasons(model: string, document: Pick<Document, "get">): boolean {
  const effort = document.get(["reasoning_effort"]) ?? fieldsOf(document.get(["reasoning"]))?.effort;
  if (isSet(document.get(["prediction"]))) return true;
  if (isSet(effort)) return effort !== "none";
  return isSet(document.get(["reasoning"])) || thinkers.test(model);
}

/** What makes the provider add to the input, or charge for the answer by other prices than those of text. */
function unboundedBy(model: string, document: Document): string[] {
  const found: string[] = [];
  const searches = ["web_search_options", "search_parameters", "plugins"].some((key) => isSet(document.get([key])));
  if (searches || /-search-(?:preview|api)/.test(model)) found.push("server_tool");
  const modalities = document.get(["modalities"]);
  if (Array.isArray(modalities) && modalities.includes("audio")) found.push("audio");
  return found;
}

function maxOutputOf(document: Document): number | undefined {
  const told = limits.map((limit) => count(document.get([limit]), limit));
  const known = told.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** Servers have words of their own beside OpenAI's: vLLM's older `guided_json` and its `structured_outputs`, llama.cpp's `json_schema`. */
function jsonOutputOf(document: Document): boolean {
  const type = fieldsOf(document.get(["response_format"]))?.type;
  if (typeof type === "string" && type.startsWith("json")) return true;
  const structured = fieldsOf(document.get(["structured_outputs"]));
  const schemas = [
    document.get(["guided_json"]),
    document.get(["json_schema"]),
    structured?.json,
    structured?.json_object,
  ];
  return schemas.some(isSet);
}

function serviceTierOf(document: Document): string | undefined {
  const tier = document.get(["service_tier"]);
  return typeof tier === "string" ? tier : undefined;
}

/** Null stands for a field that is left out, as the API has it. With both limits told, the higher one bounds the answer. */
export function ask(head: RequestHead, document: Document | undefined): Ask {
  const asked = operation(head);
  if (asked === "models") return { ...bareAsk, operation: asked, model: "" };
  if (asked === "model") return { ...bareAsk, operation: asked, model: modelInPath(head) };
  if (asked === undefined || document === undefined) throw wrong("body");
  const model = name(document.get(["model"]), "model");
  const stream = flag(document.get(["stream"]), "stream");
  const options = object(document.get(["stream_options"]), "stream_options");
  const includes = flag(options?.include_usage, "stream_options.include_usage");
  const { images, unbounded, furtherModels } = inputOf(document.slots, document);
  return {
    operation: asked,
    model,
    stream,
    maxOutput: maxOutputOf(document),
    choices: count(document.get(["n"]), "n", 1) ?? 1,
    usage: !stream || includes,
    thinkingBudget: undefined,
    reasons: reasons(model, document),
    images,
    unbounded: [...new Set([...unbounded, ...unboundedBy(model, document)])],
    furtherModels,
    jsonOutput: jsonOutputOf(document),
    serviceTier: serviceTierOf(document),
    inferenceGeo: undefined,
  };
}

/** The limit keeps the caller's own name, so that a server that knows one name only still sees it. */
function limitsFor(model: string, document: Document): readonly string[] {
  const own = limits.filter((limit) => isSet(document.get([limit])));
  if (own.length > 0) return own;
  return [openAi.test(model) ? "max_completion_tokens" : "max_tokens"];
}

interface Edit {
  readonly path: Path;
  /** `undefined`: taken out. */
  readonly value: Scalar | undefined;
}

/** For a server that knows one name of the limit and refuses the other (Mistral: 422), the caller's too. */
function limitAs(field: (typeof limits)[number], change: AskChange, asked: Ask, document: Document): readonly Edit[] {
  const others = limits.filter((limit) => limit !== field && document.get([limit]) !== undefined);
  const value = change.maxOutput ?? (others.length > 0 ? asked.maxOutput : undefined);
  const made: Edit[] = others.map((limit) => ({ path: [limit], value: undefined }));
  return value === undefined ? made : [...made, { path: [field], value }];
}

export function edits(
  change: AskChange,
  asked: Ask,
  document: Document | undefined,
  { maxTokensField, streamUsage }: ServerOptions = {},
): readonly Edit[] {
  if (document === undefined) return [];
  const made: Edit[] = [];
  if (change.model !== undefined) made.push({ path: ["model"], value: change.model });
  if (maxTokensField !== undefined) made.push(...limitAs(maxTokensField, change, asked, document));
  else if (change.maxOutput !== undefined) {
    const value = change.maxOutput;
    for (const limit of limitsFor(change.model ?? asked.model, document)) made.push({ path: [limit], value });
  }
  if (streamUsage === false) {
    if (document.get(["stream_options"]) !== undefined) made.push({ path: ["stream_options"], value: undefined });
  } else if (change.usage === true && asked.stream && !asked.usage) {
    made.push({ path: ["stream_options", "include_usage"], value: true });
  }
  return made;
}
