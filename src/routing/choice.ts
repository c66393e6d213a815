import type { Config } from "../config/schema.ts";
import { Refusal } from "../errors.ts";
import type { AttemptOutcome, CallContext, Clock, Target } from "../step.ts";
import type { Health } from "./health.ts";
import { isProviderFault } from "./verdict.ts";

export type RoutingRules = Config["routing"];

/** The choice of targets in one call: what was tried, and who is next. */
export interface Choice {
  /** @param preferred the name of a target that comes first, as long as it was not tried */
  next(
    last: AttemptOutcome | undefined,
    preferred: string | undefined,
  ): Target | undefined | Promise<Target | undefined>;
}

interface Held {
  readonly target: Target;
  readonly wait: number;
}

export function createChoice(
  call: CallContext,
  targets: readonly Target[],
  rules: RoutingRules,
  { clock, health }: { readonly clock: Clock; readonly health: Health },
): Choice {
  const fresh = new Set(targets);
  let current: Target | undefined;
  let attempts = 0;
  /** What tried targets said of when to come back, in ticks. */
  const invited = new Map<Target, number>();

  /** Takes in the last outcome, and tells whether it leaves a next attempt open. A target that was passed over costs none. */
  const goesOn = (last: AttemptOutcome | undefined): boolean => {
    if (last?.result === "vetoed") attempts--;
    else if (last !== undefined) {
      if (last.committed || !isProviderFault(last)) return false;
      if (last.retryAfter !== undefined && current !== undefined) invited.set(current, clock.ticks() + last.retryAfter);
    }
    return attempts < rules.attempts && call.remaining() > 0;
  };

  const hand = (target: Target): Target => {
    fresh.delete(target);
    invited.delete(target);
    current = target;
    attempts++;
    return target;
  };

  const holdOf = (target: Target): number => health.held(target.name, target.model ?? call.ask.model);

  /** The first that is well; else of those that are only passed over for their failures the one whose time is up first. */
  const ready = (preferred: string | undefined): Target | undefined => {
    let best: Target | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const target of fresh) {
      if (holdOf(target) > 0) continue;
      if (target.name === preferred) return target;
      const cooling = health.cooling(target.name);
      if (cooling >= least) continue;
      best = target;
      least = cooling;
    }
    return best;
  };

  const soonest = (): Held | undefined => {
    let best: Held | undefined;
    const consider = (target: Target, wait: number): void => {
      if (best === undefined || wait < best.wait) best = { target, wait };
    };
    for (const target of fresh) consider(target, holdOf(target));
    for (const [target, at] of invited) consider(target, Math.max(0, at - clock.ticks(), holdOf(target)));
    return best;
  };

  const waitFor = async ({ target, wait }: Held): Promise<Target | undefined> => {
    await pause(call, clock, wait);
    return call.remaining() > 0 ? hand(target) : undefined;
  };

  return {
    next(last, preferred) {
      if (!goesOn(last)) return undefined;
      const target = ready(preferred);
      if (target !== undefined) return hand(target);
      const held = soonest();
      if (held === undefined) return undefined;
      if (held.wait <= rules.longestWait && held.wait < call.remaining()) return waitFor(held);
      if (last !== undefined) return undefined;
      throw new Refusal("no_target", { reason: "retry_after" }, held.wait);
    },
  };
}

/** Ends with the call, too. */
function pause(call: CallContext, clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve);
    call.onEnd(() => {
      cancel();
      resolve();
    });
  });
}
