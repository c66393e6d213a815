import type { Document, Path, Section, Slot } from "../slot.ts";
import { fieldsOf } from "./fields.ts";

const modelKey = /(?:^|_)models?$/;

/** Most keys are none, and are told by their ends. */
const mayName = (key: string): boolean => key.endsWith("model") || key.endsWith("models") || key === "fallbacks";

/** What a tool's schema, an argument or the caller's own `metadata` calls a model is none. */
function isPlace(section: Section, path: Path): boolean {
  if (section === "other") return path[0] !== "metadata" && (path.length > 1 || path[0] !== "model");
  // An advisor or an image generator; in `parameters`, as OpenRouter has it.
  if (section === "tools")
    return path[0] === "tools" && (path.length === 3 || (path.length === 4 && path[2] === "parameters"));
  // Anthropic's tools may be added among the messages.
  return path.length === 7 && path[4] === "tool" && path[5] === "definition";
}

/**
 * Adds the models that stand at a key, beside the request's own. Servers have many words for them (`models`, `fallbacks`,
 * `moderation.model`, `advisor.model`, `compound_custom.models.answering_model`), so the key decides, wherever it stands. `*`: the
 * provider picks, as Anthropic does with `fallbacks: "default"`.
 */
export function addFurtherModels(key: Slot, document: Document, models: Set<string>): void {
  const { text } = key;
  if (!mayName(text)) return;
  const { path } = key;
  if (text === "fallbacks" ? path.length > 1 : !modelKey.test(text)) return;
  if (!isPlace(key.section, path)) return;
  const value = document.get(path);
  if (typeof value === "string") models.add(text === "fallbacks" ? "*" : value);
  else for (const each of Object.values(fieldsOf(value) ?? {})) if (typeof each === "string") models.add(each);
}
