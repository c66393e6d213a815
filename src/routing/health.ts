import type { AttemptOutcome, Clock } from "../step.ts";
import { isProviderFault, isSound } from "./verdict.ts";

/** What an operator says about failing targets. */
export interface HealthRules {
  /** Failures in a row after which a target is passed over. */
  readonly failures: number;
  /** Milliseconds for which it is. */
  readonly coolDown: number;
}

/** What all calls of a gateway have learnt about its targets; it outlives a reload, by the targets' names. */
export interface Health {
  /** Milliseconds until the target may be asked for this model again, since it said so itself; 0: now. */
  held(target: string, model: string): number;
  /** Milliseconds for which the target is still passed over after failures in a row; 0: not. */
  cooling(target: string): number;
  report(outcome: AttemptOutcome, rules: HealthRules): void;
}

/** Knows nothing and learns nothing: what one caller's own key met says nothing about the others. */
export const noHealth: Health = { held: () => 0, cooling: () => 0, report() {} };

/** A `retry-after` is believed up to here; a provider that means longer will say so again. */
const longestHold = 3_600_000;
/** Names of models come from callers, so what is kept of them is bounded. */
const mostHolds = 1_000;
const mostTargets = 1_000;

interface Row {
  readonly failures: number;
  readonly until: number;
}

export function createHealth({ clock }: { readonly clock: Clock }): Health {
  const rows = new Map<string, Row>();
  const holds = new Map<string, number>();
  const left = (until: number | undefined): number => Math.max(0, (until ?? 0) - clock.ticks());

  const fail = (target: string, { failures, coolDown }: HealthRules): void => {
    const row = (rows.get(target)?.failures ?? 0) + 1;
    // After a cool-down the count stands, so that the first call that fails again is the last one to try.
    remember(rows, target, { failures: row, until: row < failures ? 0 : clock.ticks() + coolDown }, mostTargets);
  };

  return {
    held: (target, model) => left(holds.get(holdKey(target, model))),
    cooling: (target) => left(rows.get(target)?.until),
    report(outcome, rules) {
      const { target, model, retryAfter } = outcome;
      if (isProviderFault(outcome)) {
        if (retryAfter === undefined) return fail(target, rules);
        const until = clock.ticks() + Math.min(retryAfter, longestHold);
        remember(holds, holdKey(target, model), until, mostHolds);
      } else if (isSound(outcome)) {
        rows.delete(target);
      }
    },
  };
}

/** A rate limit is one model's: another one may still be served. */
const holdKey = (target: string, model: string): string => `${target} ${model}`;

function remember<Value>(map: Map<string, Value>, key: string, value: Value, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= most) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
