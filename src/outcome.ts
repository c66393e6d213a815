import type { AttemptState } from "./attempt-context.ts";
import { type HeaderMap, header } from "./http.ts";
import type { AttemptHooks, AttemptOutcome } from "./step.ts";

export type Ending = Pick<
  AttemptOutcome,
  "result" | "code" | "reason" | "committed" | "sent" | "status" | "retryAfter" | "startedAt" | "firstByte" | "duration"
>;

/** An outcome together with what the steps still have to do about it. */
export interface Ended {
  readonly outcome: AttemptOutcome;
  readonly pending: readonly Promise<void>[];
}

/** Builds the outcome and runs the `done` hooks; `cost` stays live, since a hook may charge for what was never reported. */
export function createOutcome(context: AttemptState, hooks: readonly AttemptHooks[], ending: Ending): Ended {
  const pending: Promise<void>[] = [];
  const outcome: AttemptOutcome = {
    ...ending,
    number: context.number,
    target: context.target.name,
    provider: context.target.provider,
    model: context.asked.model,
    usage: context.usage,
    flowed: context.flowed,
    get cost() {
      return context.cost;
    },
  };
  for (const hook of hooks) {
    const waiting = hook.done?.(outcome);
    if (waiting !== undefined) pending.push(waiting);
  }
  return { outcome, pending };
}

/** Milliseconds of `retry-after-ms` or `retry-after` (seconds or an HTTP date, RFC 9110 §10.2.3). */
export function retryAfterOf(headers: HeaderMap, now: number): number | undefined {
  const exact = Number(header(headers, "retry-after-ms") ?? Number.NaN);
  if (Number.isFinite(exact) && exact >= 0) return exact;
  const text = header(headers, "retry-after");
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return seconds >= 0 ? seconds * 1_000 : undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
