import type { Path, Slot } from "../slot.ts";

const modelKey = /(?:^|_)models?$/;

/** The last two keys of a path, the indexes left out. */
function keysOf(path: Path): readonly [last: string, parent: string] {
  const keys = path.filter((key) => typeof key === "string");
  return [keys.at(-1) ?? "", keys.at(-2) ?? ""];
}

/**
 * The model that a string outside of messages and tools names, beside the request's own. Servers have many words for it (`models`,
 * `fallbacks`, `moderation.model`, `advisor.model`, `compound_custom.models.answering_model`), so the key decides, wherever it stands;
 * `metadata` is the caller's own. `*`: the provider picks, as Anthropic does with `fallbacks: "default"`.
 */
export function furtherModel({ path, text }: Slot): string | undefined {
  const [first] = path;
  if (first === "metadata" || (first === "model" && path.length === 1)) return undefined;
  if (first === "fallbacks" && path.length <= 2) return path.length === 1 ? "*" : text;
  const [last, parent] = keysOf(path);
  return modelKey.test(last) || parent === "models" ? text : undefined;
}

/** `tools[0].model` (an advisor, an image generator), or `tools[0].parameters.model`, as OpenRouter has it. */
export const isToolModel = (path: Path): boolean =>
  path[0] === "tools" &&
  path.at(-1) === "model" &&
  (path.length === 3 || (path.length === 4 && path[2] === "parameters"));
