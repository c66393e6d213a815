import type { Clock } from "../step.ts";
import { type Counts, createCounts } from "./counts.ts";

/** What an operator says about failing targets. */
export interface CircuitRules {
  /** Failures in a row after which a target is passed over. */
  readonly failures: number;
  /** Milliseconds for which it is; then one attempt at a time probes it. */
  readonly coolDown: number;
  /** The share of failures among so many attempts in a window (milliseconds) from which it is passed over, too. */
  readonly errorRate?: { readonly above: number; readonly calls: number; readonly window: number } | undefined;
}

/** Gives a probe's place to the next one, if its outcome did not say anything. */
export type Release = () => void;

/**
 * What is known of one target. Closed: calls go there. Open: they pass it over, for the length of a cool-down. Half open, after that:
 * one attempt at a time goes there, until one succeeds (closed) or fails (open again).
 */
export class Circuit {
  readonly #clock: Clock;
  #failures = 0;
  #open = false;
  #until = 0;
  /** How often it opened: an attempt that began before says nothing about the time since. */
  #openings = 0;
  #probe: { readonly until: number } | undefined;
  #recent: { readonly window: number; readonly counts: Counts } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds for which the target is passed over; 0: not, or it may be probed. */
  get cooling(): number {
    if (!this.#open) return 0;
    const until = Math.max(this.#until, this.#probe?.until ?? 0);
    return Math.max(0, until - this.#clock.ticks());
  }

  /** An attempt begins. Returns what releases it where it is the probe, which holds its place for one cool-down at most. */
  enter({ coolDown }: CircuitRules): Release | undefined {
    if (!this.#open || this.cooling > 0) return undefined;
    const probe = { until: this.#clock.ticks() + coolDown };
    this.#probe = probe;
    return () => {
      if (this.#probe === probe) this.#probe = undefined;
    };
  }

  /** Takes in how attempts end that begin now. */
  watch(): (sound: boolean, rules: CircuitRules) => void {
    const openings = this.#openings;
    return (sound, rules) => {
      if (openings !== this.#openings) return;
      if (sound) this.#succeed(rules);
      else this.#fail(rules);
    };
  }

  #succeed(rules: CircuitRules): void {
    this.#failures = 0;
    if (this.#open) this.#close();
    this.#recently(rules)?.add(1, 0);
  }

  #fail(rules: CircuitRules): void {
    this.#failures++;
    const recent = this.#recently(rules);
    recent?.add(1, 1);
    if (this.#open || this.#failures >= rules.failures || tooMany(recent, rules)) this.#trip(rules);
  }

  #trip({ coolDown }: CircuitRules): void {
    this.#open = true;
    this.#openings++;
    this.#until = this.#clock.ticks() + coolDown;
    this.#probe = undefined;
  }

  #close(): void {
    this.#open = false;
    this.#probe = undefined;
    this.#recent = undefined;
  }

  /** Counts anew where a reload changed the window. */
  #recently({ errorRate }: CircuitRules): Counts | undefined {
    if (errorRate === undefined) return undefined;
    const { window } = errorRate;
    if (this.#recent?.window !== window) this.#recent = { window, counts: createCounts(window, this.#clock) };
    return this.#recent.counts;
  }
}

function tooMany(recent: Counts | undefined, { errorRate }: CircuitRules): boolean {
  if (recent === undefined || errorRate === undefined) return false;
  const { all } = recent;
  return all >= errorRate.calls && recent.noted >= errorRate.above * all;
}
