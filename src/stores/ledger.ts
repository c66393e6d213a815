import type { Line } from "./counters.ts";

/** One line of the append-only account of money. */
export interface Entry {
  readonly kind: "reserve" | "settle";
  /** `<call id>/<attempt number>`. */
  readonly id: string;
  readonly at: number;
  /** Pico-dollars: held in all so far, or finally charged. */
  readonly amount: bigint;
  /** What of its lines outlives the process: who restores a running total has to know when it may be forgotten. */
  readonly lines: readonly Pick<Line, "key" | "expiresAt">[];
  /** Milliseconds since the epoch after which a reservation without settlement counts as charged in full. */
  readonly leaseUntil?: number;
}

/** A reservation is on file before its call leaves; a settlement follows it exactly once. */
export interface Ledger {
  /** Whoever got no answer appends again: a second settlement of the same `id`, or a reservation after it, changes nothing. */
  append(entry: Entry): Promise<void>;
  /** The durable kind survives the process; a hard budget over one that is not warns at start. */
  readonly durable: boolean;
  close(): Promise<void>;
}
