import type { AttemptOutcome, Clock } from "../step.ts";
import { Circuit, type CircuitRules, type Release } from "./circuit.ts";
import { isProviderFault, isSound } from "./verdict.ts";

/** What all calls of a gateway have learnt about its targets; it outlives a reload, by the targets' names. */
export interface Health {
  /** Milliseconds until the target may be asked for this model again, since it said so itself; 0: now. */
  held(target: string, model: string): number;
  /** Milliseconds for which the target is still passed over for its failures; 0: not. */
  cooling(target: string): number;
  /** The target is chosen. What is returned must be called when the attempt is over, or was not made after all. */
  enter(target: string, rules: CircuitRules): Release | undefined;
  /** An attempt begins; its outcome goes to what is returned. */
  watch(target: string, rules: CircuitRules): (outcome: AttemptOutcome) => void;
}

/** Knows nothing and learns nothing: what one caller's own key met says nothing about the others. */
export const noHealth: Health = { held: () => 0, cooling: () => 0, enter: () => undefined, watch: () => () => {} };

/** A `retry-after` is believed up to here; a provider that means longer will say so again. */
const longestHold = 3_600_000;
/** Names of models come from callers, so what is kept of them is bounded. */
const mostHolds = 1_000;
const mostTargets = 1_000;

export function createHealth({ clock }: { readonly clock: Clock }): Health {
  const circuits = new Map<string, Circuit>();
  const holds = new Map<string, number>();

  const circuitOf = (target: string): Circuit => {
    const known = circuits.get(target);
    if (known !== undefined) return known;
    const circuit = new Circuit(clock);
    remember(circuits, target, circuit, mostTargets);
    return circuit;
  };

  return {
    held: (target, model) => Math.max(0, (holds.get(holdKey(target, model)) ?? 0) - clock.ticks()),
    cooling: (target) => circuits.get(target)?.cooling ?? 0,
    enter: (target, rules) => circuits.get(target)?.enter(rules),
    watch(target, rules) {
      const report = circuitOf(target).watch();
      return (outcome) => {
        if (!isProviderFault(outcome)) {
          if (isSound(outcome)) report(true, rules);
        } else if (outcome.retryAfter === undefined) report(false, rules);
        else {
          const until = clock.ticks() + Math.min(outcome.retryAfter, longestHold);
          remember(holds, holdKey(target, outcome.model), until, mostHolds);
        }
      };
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
