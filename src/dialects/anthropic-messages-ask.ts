import type { RequestHead } from "../http.ts";
import type { Document, Path, Scalar, Slot } from "../slot.ts";
import { modelInPath, operation } from "./anthropic-messages-routes.ts";
import { type Ask, type AskChange, bareAsk } from "./dialect.ts";
import { count, type Fields, fieldsOf, flag, name, object, wrong } from "./fields.ts";
import { furtherModel } from "./further-models.ts";

const isSet = (value: unknown): boolean =>
  value !== undefined && value !== null && (!Array.isArray(value) || value.length > 0);

/** Up to generation 4 a model thinks only when asked to; later ones, and whatever an alias stands for, may think unless told not to. */
const thinksWhenAsked = /^claude-(?:instant|[23]\b|(?:opus|sonnet|haiku|mythos)-4\b)/;

/** Thinking flows as a summary or not at all, and is billed in full. */
function thinkingOf(document: Document, model: string): Pick<Ask, "thinkingBudget" | "reasons"> {
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

/** `tools[0].model`, or `messages[0].content[0].tool.definition.model`: a tool may be added among the messages. */
const isToolPlace = (path: Path, key: "type" | "model"): boolean =>
  path.at(-1) === key &&
  ((path.length === 3 && path[0] === "tools") ||
    (path.length === 7 && path[0] === "messages" && path[4] === "tool" && path[5] === "definition"));

/** Reads what the walk found instead of parsing messages, which may hold megabytes of base64. */
function inputOf(slots: readonly Slot[], unbounded: Set<string>, models: Set<string>): number {
  let images = 0;
  for (const slot of slots) {
    if (slot.section === "other" && slot.kind !== "key") {
      const model = furtherModel(slot);
      if (model !== undefined) models.add(model);
    } else if (slot.kind === "opaque") images += readOpaque(slot, unbounded, models);
  }
  return images;
}

function readOpaque({ path, text }: Slot, unbounded: Set<string>, models: Set<string>): number {
  const key = path.at(-1);
  if (path.at(-2) === "source") {
    if (key === "type" && text === "url") unbounded.add("remote_image");
    if (key === "file_id" || (key === "media_type" && text === "application/pdf")) unbounded.add("file");
    return key === "type" && text === "base64" ? 1 : 0;
  }
  if (path.length === 5 && key === "file_id") unbounded.add("file");
  else if (isToolPlace(path, "type") && !callersTools.test(text)) unbounded.add("server_tool");
  else if (isToolPlace(path, "model")) models.add(text);
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
  if (document.get(["speed"]) === "fast") unbounded.add("fast");
}

/** The request, and what it overrides in it for each fallback. */
const attemptsOf = (document: Document): readonly Fields[] => {
  const fallbacks = document.get(["fallbacks"]);
  const overrides: unknown[] = Array.isArray(fallbacks) ? fallbacks : [];
  const own = ["output_config", "output_format", "speed"].map((key) => [key, document.get([key])]);
  return [Object.fromEntries(own), ...overrides.flatMap((entry) => fieldsOf(entry) ?? [])];
};

/** A fallback may have a format or speed of its own; what one attempt may do, the call may do. */
function manner(document: Document): Pick<Ask, "jsonOutput" | "serviceTier" | "inferenceGeo"> {
  const attempts = attemptsOf(document);
  const tier = document.get(["service_tier"]);
  const geo = document.get(["inference_geo"]);
  const fast = attempts.some(({ speed }) => speed === "fast");
  const told = typeof tier === "string" ? tier : undefined;
  return {
    jsonOutput: attempts.some((each) => isSet(fieldsOf(each.output_config)?.format) || isSet(each.output_format)),
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
  const images = inputOf(document.slots, unbounded, models);
  serverSide(document, unbounded);
  return {
    ...bareAsk,
    operation: asked,
    model,
    stream: flag(document.get(["stream"]), "stream"),
    maxOutput: count(document.get(["max_tokens"]), "max_tokens"),
    ...thinkingOf(document, model),
    images,
    unbounded: [...unbounded],
    furtherModels: [...models],
    ...manner(document),
  };
}

export const reasons = (model: string, document: Document): boolean => thinkingOf(document, model).reasons;

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
