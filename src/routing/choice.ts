import type { Config } from "../config/schema.ts";
import { Refusal } from "../errors.ts";
import type { AttemptOutcome, CallContext, Clock, Target } from "../step.ts";
import type { Health } from "./health.ts";
import { isProviderFault } from "./verdict.ts";

export type RoutingRules = Config["routing"];

export interface ChoiceParts {
  readonly rules: RoutingRules;
  readonly clock: Clock;
  readonly health: Health;
}

interface Held {
  readonly target: Target;
  readonly wait: number;
}

/** The choice of targets in one call: what was tried, and who is next. */
export class Choice {
  readonly #call: CallContext;
  readonly #rules: RoutingRules;
  readonly #clock: Clock;
  readonly #health: Health;
  /** Not tried yet, in order. */
  readonly #fresh: Set<Target>;
  /** Tried targets that said when to come back, in ticks. */
  readonly #invited = new Map<Target, number>();
  #current: Target | undefined;
  #attempts = 0;

  constructor(call: CallContext, targets: readonly Target[], { rules, clock, health }: ChoiceParts) {
    this.#call = call;
    this.#rules = rules;
    this.#clock = clock;
    this.#health = health;
    this.#fresh = new Set(targets);
  }

  /**
   * `undefined`: nobody is left, or the last outcome was the answer.
   * @param preferred the name of a target that comes first, as long as it was not tried
   */
  next(
    last: AttemptOutcome | undefined,
    preferred: string | undefined,
  ): Target | undefined | Promise<Target | undefined> {
    if (!this.#goesOn(last)) return undefined;
    const ready = this.#ready(preferred);
    if (ready !== undefined) return this.#hand(ready);
    const held = this.#soonest();
    if (held === undefined) return undefined;
    if (held.wait <= this.#rules.longestWait && held.wait < this.#call.remaining()) return this.#waitFor(held);
    if (last !== undefined) return undefined;
    throw new Refusal("no_target", { reason: "retry_after" }, held.wait);
  }

  /** Takes in the last outcome, and tells whether it leaves a next attempt open. A target that was passed over costs none. */
  #goesOn(last: AttemptOutcome | undefined): boolean {
    if (last?.result === "vetoed") this.#attempts--;
    else if (last !== undefined) {
      if (last.committed || !isProviderFault(last)) return false;
      if (last.retryAfter !== undefined && this.#current !== undefined) {
        this.#invited.set(this.#current, this.#clock.ticks() + last.retryAfter);
      }
    }
    return this.#attempts < this.#rules.attempts && this.#call.remaining() > 0;
  }

  /** The first that is well; else of those that are only passed over for their failures the one whose time is up first. */
  #ready(preferred: string | undefined): Target | undefined {
    let best: Target | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const target of this.#fresh) {
      if (this.#holdOf(target) > 0) continue;
      if (target.name === preferred) return target;
      const cooling = this.#health.cooling(target.name);
      if (cooling >= least) continue;
      best = target;
      least = cooling;
    }
    return best;
  }

  #soonest(): Held | undefined {
    const now = this.#clock.ticks();
    const all = [...this.#fresh].map((target) => ({ target, wait: this.#holdOf(target) }));
    for (const [target, at] of this.#invited) all.push({ target, wait: Math.max(0, at - now, this.#holdOf(target)) });
    return all.reduce<Held | undefined>((best, held) => (best && best.wait <= held.wait ? best : held), undefined);
  }

  async #waitFor({ target, wait }: Held): Promise<Target | undefined> {
    await pause(this.#call, this.#clock, wait);
    return this.#call.remaining() > 0 ? this.#hand(target) : undefined;
  }

  #hand(target: Target): Target {
    this.#fresh.delete(target);
    this.#invited.delete(target);
    this.#current = target;
    this.#attempts++;
    return target;
  }

  #holdOf(target: Target): number {
    return this.#health.held(target.name, target.model ?? this.#call.ask.model);
  }
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
