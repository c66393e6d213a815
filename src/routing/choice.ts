import type { Config } from "../config/schema.ts";
import { Refusal } from "../errors.ts";
import type { AttemptOutcome, CallContext, Clock, Target } from "../step.ts";
import type { Release } from "./circuit.ts";
import type { Health } from "./health.ts";
import type { RetryBudget } from "./retries.ts";
import { unfitFor } from "./unfit.ts";
import { isProviderFault } from "./verdict.ts";

export type RoutingRules = Config["routing"];

export interface ChoiceParts {
  readonly rules: RoutingRules;
  readonly clock: Clock;
  readonly health: Health;
  readonly retries: RetryBudget;
}

interface Held {
  readonly target: Target;
  readonly wait: number;
}

/** The choice of targets in one call: what was tried, and who is next. */
export class Choice {
  readonly #call: CallContext;
  readonly #parts: ChoiceParts;
  /** Not tried yet, in order. */
  readonly #fresh: Set<Target>;
  /** Tried targets that said when to come back, in ticks. */
  readonly #invited = new Map<Target, number>();
  #current: Target | undefined;
  #release: Release | undefined;
  #attempts = 0;
  readonly #vetoes: AttemptOutcome[] = [];
  /** The retry budget has allowed the next attempt already. */
  #allowed = true;

  constructor(call: CallContext, targets: readonly Target[], parts: ChoiceParts) {
    this.#call = call;
    this.#parts = parts;
    this.#fresh = new Set(targets);
    parts.retries.call();
  }

  /**
   * `undefined`: nobody is left, or the last outcome was the answer.
   * @param preferred the name of a target that comes first, as long as it was not tried
   */
  next(
    last: AttemptOutcome | undefined,
    preferred: string | undefined,
  ): Target | undefined | Promise<Target | undefined> {
    this.#release?.();
    this.#release = undefined;
    if (!this.#goesOn(last)) return undefined;
    const ready = this.#ready(preferred);
    if (ready !== undefined) return this.#isAllowed() ? this.#hand(ready) : undefined;
    const held = this.#soonest();
    if (held !== undefined && held.wait <= this.#parts.rules.longestWait && held.wait < this.#call.remaining())
      return this.#isAllowed() ? this.#waitFor(held) : undefined;
    if (this.#attempts === 0) this.#refuse(held);
    return undefined;
  }

  /** Takes in the last outcome, and tells whether it leaves a next attempt open. A target that was passed over costs none. */
  #goesOn(last: AttemptOutcome | undefined): boolean {
    if (last?.result === "vetoed") {
      this.#attempts--;
      this.#vetoes.push(last);
    } else if (last !== undefined) {
      if (last.committed || !isProviderFault(last)) return false;
      this.#allowed = false;
      if (last.retryAfter !== undefined && this.#current !== undefined) {
        this.#invited.set(this.#current, this.#parts.clock.ticks() + last.retryAfter);
      }
    }
    return this.#attempts < this.#parts.rules.attempts && this.#call.remaining() > 0;
  }

  #isAllowed(): boolean {
    this.#allowed ||= this.#parts.retries.take();
    return this.#allowed;
  }

  /** The first that is well; else, where the rules say so, the one whose cool-down is over first. */
  #ready(preferred: string | undefined): Target | undefined {
    const longest = this.#parts.rules.allCooling === "try" ? Number.POSITIVE_INFINITY : 0;
    let best: Target | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const target of this.#fresh) {
      if (this.#holdOf(target) > 0) continue;
      if (target.name === preferred) return target;
      const cooling = this.#parts.health.cooling(target.name);
      if (cooling >= least || cooling > longest) continue;
      best = target;
      least = cooling;
    }
    return best;
  }

  /** Of those that said themselves when to come back, the first. */
  #soonest(): Held | undefined {
    const now = this.#parts.clock.ticks();
    const all = [...this.#fresh].map((target) => ({ target, wait: this.#holdOf(target) }));
    for (const [target, at] of this.#invited) all.push({ target, wait: Math.max(0, at - now, this.#holdOf(target)) });
    const patient = this.#parts.rules.allCooling === "try";
    return all
      .filter(({ target, wait }) => patient || this.#parts.health.cooling(target.name) <= wait)
      .reduce<Held | undefined>((best, held) => (best && best.wait <= held.wait ? best : held), undefined);
  }

  /** Nobody was tried, and nobody will be in time. */
  #refuse(held: Held | undefined): void {
    if (held !== undefined) throw new Refusal("no_target", { reason: "retry_after" }, held.wait);
    const waits = [...this.#fresh].map(({ name }) => this.#parts.health.cooling(name));
    if (waits.length > 0) throw new Refusal("no_target", { reason: "cooling" }, Math.min(...waits));
    const unfit = unfitFor(this.#vetoes);
    if (unfit !== undefined) throw unfit;
  }

  async #waitFor({ target, wait }: Held): Promise<Target | undefined> {
    await pause(this.#call, this.#parts.clock, wait);
    if (this.#call.remaining() === 0) return undefined;
    // Others that waited too may have come first.
    const refused = this.#parts.rules.allCooling === "refuse" && this.#parts.health.cooling(target.name) > 0;
    return refused ? undefined : this.#hand(target);
  }

  #hand(target: Target): Target {
    this.#fresh.delete(target);
    this.#invited.delete(target);
    this.#current = target;
    this.#attempts++;
    const release = this.#parts.health.enter(target.name, this.#parts.rules);
    if (release !== undefined) this.#call.onEnd(release);
    this.#release = release;
    return target;
  }

  #holdOf(target: Target): number {
    return this.#parts.health.held(target.name, target.model ?? this.#call.ask.model);
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
