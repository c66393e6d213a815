import { Refusal } from "../errors.ts";

/** What all calls of a gateway hold together: calls at once, and bytes kept in memory for them. */
export interface Gauge {
  readonly calls: number;
  readonly bytes: number;
  /** Throws `Refusal("overloaded")` at the bound. */
  enter(): void;
  leave(): void;
  hold(bytes: number): void;
  release(bytes: number): void;
  /** Resolves when no call is left. */
  empty(): Promise<void>;
}

export function createGauge(limits: { readonly calls: number; readonly inFlight: number }): Gauge {
  let calls = 0;
  let bytes = 0;
  let waiting: (() => void)[] = [];
  return {
    get calls() {
      return calls;
    },
    get bytes() {
      return bytes;
    },
    enter() {
      if (calls >= limits.calls) throw new Refusal("overloaded", {}, 1_000);
      calls++;
    },
    leave() {
      calls--;
      if (calls > 0) return;
      for (const resolve of waiting) resolve();
      waiting = [];
    },
    hold(more) {
      if (bytes + more > limits.inFlight) throw new Refusal("overloaded", {}, 1_000);
      bytes += more;
    },
    release(fewer) {
      bytes -= fewer;
    },
    empty: () => (calls === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
  };
}

/** One call's share of the gauge: bounded by a limit of its own, given back at once. */
export interface Hold {
  /** Throws `Refusal("overloaded")`, or the refusal for `limit` when this hold grows over it. */
  add(bytes: number): void;
  release(): void;
}

export function createHold(gauge: Gauge, limit: number, over: () => Refusal): Hold {
  let held = 0;
  return {
    add(bytes) {
      if (held + bytes > limit) throw over();
      gauge.hold(bytes);
      held += bytes;
    },
    release() {
      gauge.release(held);
      held = 0;
    },
  };
}
