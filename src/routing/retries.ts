import type { Clock } from "../step.ts";
import { createCounts } from "./counts.ts";

/** What an operator says about further attempts of calls that failed. */
export interface RetryRules {
  readonly share: number;
  readonly floor: number;
  readonly window: number;
}

/** Bounds how many further attempts all calls together make, so that an outage does not multiply the load on what is left. */
export interface RetryBudget {
  /** A call makes its first attempt. */
  call(): void;
  /** May one more attempt be made? It counts if so. */
  take(): boolean;
}

export const unlimited: RetryBudget = { call() {}, take: () => true };

export function createRetryBudget(rules: RetryRules | undefined, clock: Clock): RetryBudget {
  if (rules === undefined) return unlimited;
  const { share, floor, window } = rules;
  const counts = createCounts(window, clock);
  return {
    call: () => counts.add(1, 0),
    take() {
      if (counts.noted + 1 > floor + share * counts.all) return false;
      counts.add(0, 1);
      return true;
    },
  };
}
