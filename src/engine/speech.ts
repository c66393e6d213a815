import type { Ask, Dialect } from "../dialects/dialect.ts";

const ofJson = new WeakMap<Dialect, Dialect>();

/** The dialect as an answer to `ask` is read in it: where the caller asked for JSON, the model's text is JSON. */
export function spokenFor(dialect: Dialect, { jsonOutput }: Ask): Dialect {
  if (jsonOutput !== true) return dialect;
  const known = ofJson.get(dialect);
  if (known !== undefined) return known;
  const speaking = { ...dialect, answerRules: dialect.jsonAnswerRules };
  ofJson.set(dialect, speaking);
  return speaking;
}
