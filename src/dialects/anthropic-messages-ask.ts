import type { RequestHead } from "../http.ts";
import type { Document, Path, Scalar, Slot } from "../slot.ts";
import { modelInPath, operation } from "./anthropic-messages-routes.ts";
import type { Ask, AskChange } from "./dialect.ts";
import { count, fieldsOf, flag, name, object, wrong } from "./fields.ts";

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

/** Reads what the walk found instead of parsing messages, which may hold megabytes of base64. */
function inputOf(slots: readonly Slot[], unbounded: Set<string>): number {
  let images = 0;
  for (const slot of slots) {
    if (slot.kind !== "opaque") continue;
    const { path } = slot;
    const key = path.at(-1);
    if (path.at(-2) === "source") {
      if (key === "type" && slot.text === "base64") images++;
      if (key === "type" && slot.text === "url") unbounded.add("remote_image");
      if (key === "file_id" || (key === "media_type" && slot.text === "application/pdf")) unbounded.add("file");
    } else if (path.length === 5 && key === "file_id") {
      unbounded.add("file");
    } else if (path.length === 3 && path[0] === "tools" && key === "type" && !callersTools.test(slot.text)) {
      unbounded.add("server_tool");
    }
  }
  return images;
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

const plain = {
  stream: false,
  maxOutput: undefined,
  choices: 1,
  usage: true,
  thinkingBudget: undefined,
  reasons: false,
  images: 0,
  unbounded: [],
} as const;

export function ask(head: RequestHead, document: Document | undefined): Ask {
  const asked = operation(head);
  if (asked === "models") return { ...plain, operation: asked, model: "" };
  if (asked === "model") return { ...plain, operation: asked, model: modelInPath(head) };
  if (asked === undefined || document === undefined) throw wrong("body");
  const model = name(document.get(["model"]), "model");
  if (asked === "count_tokens") return { ...plain, operation: asked, model };
  const unbounded = new Set<string>();
  const images = inputOf(document.slots, unbounded);
  serverSide(document, unbounded);
  return {
    operation: asked,
    model,
    stream: flag(document.get(["stream"]), "stream"),
    maxOutput: count(document.get(["max_tokens"]), "max_tokens"),
    choices: 1,
    usage: true,
    ...thinkingOf(document, model),
    images,
    unbounded: [...unbounded],
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
