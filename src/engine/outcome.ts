import { type HeaderMap, header } from "../http.ts";
import type { AttemptHooks, AttemptOutcome } from "../step.ts";
import type { AttemptState } from "./attempt-context.ts";

export type Ending = Pick<
  AttemptOutcome,
  | "result"
  | "code"
  | "reason"
  | "committed"
  | "sent"
  | "status"
  | "retryAfter"
  | "losses"
  | "startedAt"
  | "firstByte"
  | "duration"
>;

/** An outcome together with what the steps still have to do about it. */
export interface Ended {
  readonly outcome: AttemptOutcome;
  readonly pending: readonly Promise<void>[];
}

/** `cost` stays live until the call's receipt copies it, since a hook may charge for what was never reported. */
class LiveOutcome implements AttemptOutcome {
  readonly number: number;
  readonly target: string;
  readonly provider: AttemptOutcome["provider"];
  readonly model: string;
  readonly result: AttemptOutcome["result"];
  readonly code: AttemptOutcome["code"];
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly retryAfter: number | undefined;
  readonly sent: boolean;
  readonly committed: boolean;
  readonly losses: readonly string[];
  readonly usage: AttemptOutcome["usage"];
  readonly flowed: number;
  readonly startedAt: number;
  readonly firstByte: number | undefined;
  readonly duration: number;
  readonly #context: AttemptState;

  constructor(context: AttemptState, ending: Ending) {
    this.#context = context;
    this.number = context.number;
    this.target = context.target.name;
    this.provider = context.target.provider;
    this.model = context.asked.model;
    this.result = ending.result;
    this.code = ending.code;
    this.status = ending.status;
    this.reason = ending.reason;
    this.retryAfter = ending.retryAfter;
    this.sent = ending.sent;
    this.committed = ending.committed;
    this.losses = ending.losses;
    this.usage = context.usage;
    this.flowed = context.flowed;
    this.startedAt = ending.startedAt;
    this.firstByte = ending.firstByte;
    this.duration = ending.duration;
  }

  get cost(): bigint {
    return this.#context.cost;
  }
}

/** Builds the outcome and runs the `done` hooks. */
export function createOutcome(context: AttemptState, hooks: readonly AttemptHooks[], ending: Ending): Ended {
  const pending: Promise<void>[] = [];
  const outcome = new LiveOutcome(context, ending);
  for (const hook of hooks) {
    const waiting = hook.done?.(outcome);
    if (waiting !== undefined) pending.push(waiting);
  }
  return { outcome, pending };
}

/** A plain copy; field by field, since spreading one makes a slow object many times its size. */
export const snapshot = (outcome: AttemptOutcome): AttemptOutcome => ({
  number: outcome.number,
  target: outcome.target,
  provider: outcome.provider,
  model: outcome.model,
  result: outcome.result,
  code: outcome.code,
  status: outcome.status,
  reason: outcome.reason,
  retryAfter: outcome.retryAfter,
  sent: outcome.sent,
  committed: outcome.committed,
  losses: outcome.losses,
  usage: outcome.usage,
  flowed: outcome.flowed,
  cost: outcome.cost,
  startedAt: outcome.startedAt,
  firstByte: outcome.firstByte,
  duration: outcome.duration,
});

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
