import { Refusal } from "../errors.ts";
import type { AttemptOutcome } from "../step.ts";

/** The engine's own reason for a target whose wire gave a field of the request a type that it cannot have. */
const malformed = "untranslatable_request";

const isUnfit = (reason: string): boolean =>
  reason === "losses" || reason === "thinking_budget" || reason.startsWith("untranslatable_");

/** Places told beside the reasons, which a message has room for; the record has all. */
const mostPlaces = 10;

const told = (words: Iterable<string>): string => [...new Set(words)].slice(0, mostPlaces).join(" ");

/**
 * Every target was passed over because of what the call itself is: its caller can do something about that. `undefined` where anything
 * else spoke against one of them.
 */
export function unfitFor(vetoes: readonly AttemptOutcome[]): Refusal | undefined {
  const reasons = vetoes.map(({ reason = "" }) => reason);
  if (reasons.length === 0 || !reasons.every(isUnfit)) return undefined;
  const [param] = vetoes.flatMap(({ losses }) => losses);
  if (reasons.every((reason) => reason === malformed)) {
    return new Refusal("invalid_request", param === undefined ? {} : { param });
  }
  const places = told(vetoes.flatMap(({ losses }) => losses));
  return new Refusal("target_unfit", { reason: told(reasons), ...(places !== "" && { losses: places }) });
}
