import type { Usage } from "../dialects/dialect.ts";
import { type ErrorCode, Refusal } from "../errors.ts";
import type { AttemptResult, CallOutcome } from "../step.ts";

const callEnding: ReadonlySet<ErrorCode> = new Set([
  "budget_exceeded",
  "deadline_exceeded",
  "call_aborted",
  "draining",
]);

/** It ends the call too; no other target is tried. */
export const endsTheCall = (refusal: Refusal | undefined): refusal is Refusal =>
  refusal !== undefined && callEnding.has(refusal.code);

/** What the walk says of a body's form. */
const malformed: ReadonlySet<ErrorCode> = new Set([
  "invalid_json",
  "invalid_encoding",
  "duplicate_key",
  "too_deep",
  "too_many_strings",
]);

/** Why an answer broke: of a body that cannot be read it is the provider who is to blame, not the caller. */
export function toUpstream(cause: unknown): Refusal {
  if (!(cause instanceof Refusal)) return new Refusal("upstream_broken");
  return malformed.has(cause.code) ? new Refusal("upstream_invalid", { reason: cause.code }) : cause;
}

export function resultOf(code: ErrorCode, waiting: boolean): AttemptResult {
  if (code === "call_aborted") return "aborted";
  if (waiting) return "rejected";
  return code === "budget_exceeded" ? "cut" : "broken";
}

/** How a call that a refusal ended is told; `sent`: bytes of it had left. */
export function outcomeOf(code: ErrorCode, sent: boolean): CallOutcome {
  if (code === "call_aborted") return "aborted";
  return code.startsWith("upstream_") || code === "deadline_exceeded" || (sent && code !== "budget_exceeded")
    ? "failed"
    : "refused";
}

/** A provider that was never connected to has seen nothing and charges nothing. */
export const wasSent = (refusal: Refusal | undefined): boolean =>
  refusal === undefined || (refusal.code !== "upstream_unreachable" && refusal.detail.phase !== "connect");

/** Names in a provider's answer may be any text, so they stay only where they are plain. */
export function withPlainNames(usage: Usage, plain: (word: string | undefined) => string | undefined): Usage {
  const { model, serviceTier, others } = usage;
  if (model === undefined && serviceTier === undefined && others.length === 0) return usage;
  return {
    ...usage,
    model: plain(model),
    serviceTier: plain(serviceTier),
    others: others.map((other) => ({ ...other, model: plain(other.model) ?? "" })),
  };
}
