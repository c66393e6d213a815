import type { RequestHead } from "../http.ts";
import type { Document, Path, Scalar, Slot } from "../slot.ts";
import { modelInPath, operation } from "./anthropic-messages-routes.ts";
import { type Ask, type AskChange, bareAsk } from "./dialect.ts";
import { count, fieldsOf, flag, name, object, wrong } from "./fields.ts";
import { addFurtherModels } from "./further-models.ts";

const isSet = (value: unknown): boolean =>
  value !== undefined && value !== null && (!Array.isArray(value) || value.length > 0);

/** Up to generation 4 a model thinks only when asked to; later ones, and whatever an alias stands for, may think unless told not to. */
const thinksWhenAsked = /^claude-(?:instant|[23]\b|(?:opus|sonnet|haiku|mythos)-4\b)/;

/** Thinking flows as a summary or not at all, and is billed in full. */
function thinkingOf(document: Pick<Document, "get">, model: string): Pick<Ask, "thinkingBudget" | "reasons"> {
  const thinking = object(document.get(["thinking"]), "thinking");
  const output = object(document.get(["output_config"]), "output_config");
  const type = thinking?.type;
  if (thinking && typeof type !== "string") throw wrong("thinking.type");
  const asked = thinking !== undefined || isSet(output?.effort);
  return {
    thinkingBudget: type === "enabled" ? count(thinking?.budget_tokens, "thinking.budget_tokens") : undefined,
    reasons: type !== "disabled" && (asked || !thinksWhenAsked.test(model)),
  };
}

/** Tools that the caller runs; every other type runs at the provider, and puts what it finds into the input. */
const callersTools = /^(?:custom$|bash_|text_editor_|computer_|browser_|memory_)/;

/** `tools[0].type`, or `messages[0].content[0].tool.definition.type`: a tool may be added among the messages. */
const isOfTool = (path: Path): boolean =>
  (path.length === 3 && path[0] === "tools") || (path.length === 7 && path[5] === "definition" && path[4] === "tool");

/** Reads what the walk found instead of parsing messages, which may hold megabytes of base64. */
function inputOf(document: Document, unbounded: Set<string>, models: Set<string>): number {
  let images = 0;
  for (const slot of document.slots) {
    if (slot.kind === "key") addFurtherModels(slot, document, models);
    else if (slot.kind === "opaque") images += readOpaque(slot, unbounded);
  }
  return images;
}

/** Texts are decoded when they are asked for, and few have to be. Returns how many images it is. */
function readOpaque(slot: Slot, unbounded: Set<string>): number {
  const { path } = slot;
  const key = path[path.length - 1];
  const source = path[path.length - 2] === "source";
  if (key === "type") {
    if (source && slot.text === "url") unbounded.add("remote_image");
    else if (!source && isOfTool(path) && !callersTools.test(slot.text)) unbounded.add("server_tool");
    return source && slot.text === "base64" ? 1 : 0;
  }
  if (key === "file_id" && (source || path.length === 5)) unbounded.add("file");
  else if (key === "media_type" && source && slot.text === "application/pdf") unbounded.add("file");
  return 0;
}

function serverSide(document: Document, unbounded: Set<string>): void {
  if (isSet(document.get(["mcp_servers"]))) unbounded.add("server_tool");
  const container = document.get(["container"]);
  if (isSet(typeof container === "string" ? container : fieldsOf(container)?.id)) unbounded.add("server_history");
  if (isSet(fieldsOf(container)?.skills)) unbounded.add("server_tool");
  if (isSet(document.get(["thread"]))) unbounded.add("server_history");
  if (isSet(document.get(["compaction"]))) unbounded.add("server_compaction");
  const managed = document.get(["context_management", "edits"]);
  const types = Array.isArray(managed) ? managed.map((edit) => String(fieldsOf(edit)?.type)) : [];
  if (types.some((type) => type.startsWith("compact_"))) unbounded.add("server_compaction");
  if (isSet(document.get(["fallbacks"]))) unbounded.add("server_fallback");
}

const isJson = (config: unknown, format: unknown): boolean => isSet(fieldsOf(config)?.format) || isSet(format);

/** A fallback may have a format or speed of its own; what one attempt may do, the call may do. */
function manner(document: Document): Required<Pick<Ask, "jsonOutput" | "serviceTier" | "inferenceGeo">> {
  const listed = document.get(["fallbacks"]);
  const fallbacks = Array.isArray(listed) ? listed.map(fieldsOf) : [];
  const tier = document.get(["service_tier"]);
  const geo = document.get(["inference_geo"]);
  const fast = document.get(["speed"]) === "fast" || fallbacks.some((each) => each?.speed === "fast");
  const told = typeof tier === "string" ? tier : undefined;
  return {
    jsonOutput:
      isJson(document.get(["output_config"]), document.get(["output_format"])) ||
      fallbacks.some((each) => isJson(each?.output_config, each?.output_format)),
    serviceTier: fast ? "fast" : told,
    inferenceGeo: typeof geo === "string" ? geo : undefined,
  };
}

export function ask(head: RequestHead, document: Document | undefined): Ask {
  const asked = operation(head);
  if (asked === "models") return { ...bareAsk, operation: asked, model: "" };
  if (asked === "model") return { ...bareAsk, operation: asked, model: modelInPath(head) };
  if (asked === undefined || document === undefined) throw wrong("body");
  const model = name(document.get(["model"]), "model");
  if (asked === "count_tokens") return { ...bareAsk, operation: asked, model };
  const unbounded = new Set<string>();
  const models = new Set<string>();
  const images = inputOf(document, unbounded, models);
  serverSide(document, unbounded);
  const { thinkingBudget, reasons } = thinkingOf(document, model);
  const { jsonOutput, serviceTier, inferenceGeo } = manner(document);
  return {
    operation: asked,
    model,
    stream: flag(document.get(["stream"]), "stream"),
    maxOutput: count(document.get(["max_tokens"]), "max_tokens"),
    choices: 1,
    usage: true,
    thinkingBudget,
    reasons,
    images,
    unbounded: [...unbounded],
    furtherModels: [...models],
    jsonOutput,
    serviceTier,
    inferenceGeo,
  };
}

export const reasons = (model: string, document: Pick<Document, "get">): boolean => thinkingOf(document, model).reasons;

/** `usage` needs no edit: this wire always tells it. Counting tokens refuses `max_tokens`. */
export function edits(
  change: AskChange,
  asked: Ask,
  document: Document | undefined,
): readonly { readonly path: Path; readonly value: Scalar }[] {
  if (document === undefined) return [];
  const made: { path: Path; value: Scalar }[] = [];
  if (change.model !== undefined) made.push({ path: ["model"], value: change.model });
  if (change.maxOutput !== undefined && asked.operation === "chat") {
    made.push({ path: ["max_tokens"], value: change.maxOutput });
  }
  return made;
}
