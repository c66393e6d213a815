/** One budget's running window. */
export interface Line {
  /** Names scope and window: `team=search/2026-11`. */
  readonly key: string;
  /** Pico-dollars. */
  readonly limit: bigint;
  /** Milliseconds since the epoch after which the line may be forgotten. */
  readonly expiresAt: number;
}

export interface Reservation {
  /** What every line granted, between `least` and `most`. */
  readonly granted: bigint;
  /** The line with the least left after it, and that rest. */
  readonly tightest: string;
  readonly left: bigint;
}

export interface Denial {
  /** The line with the least left, and that rest: below 0 where calls cost more than they had reserved. */
  readonly denied: string;
  readonly left: bigint;
}

/** Shared running totals. Every method is atomic over all that it names and may reject when the store cannot be reached. */
export interface Counters {
  /**
   * Holds money for `id` in all lines or in none: as much of `most` as `share` (a fraction 1/share of what is left in the smallest
   * line) allows, never less than `least`; a denial where not even that is left. A second call with the same `id` adds to the first.
   * An `id` that was settled is denied, so that a reservation which arrives late (its caller gave up on it) holds nothing for ever.
   */
  reserve(
    id: string,
    lines: readonly Line[],
    least: bigint,
    most: bigint,
    share: number,
  ): Promise<Reservation | Denial>;
  /** The same, answered at once: only a store within the process has it. A stream that outruns its reservation inside one read needs it. */
  reserveNow?(id: string, lines: readonly Line[], least: bigint, most: bigint, share: number): Reservation | Denial;
  /** Replaces what `id` holds by what it really cost, in all its lines. A second settlement of the same `id` changes nothing. */
  settle(id: string, cost: bigint): Promise<void>;
  /** What is spent and held now. */
  read(
    keys: readonly string[],
  ): Promise<readonly { readonly key: string; readonly spent: bigint; readonly held: bigint }[]>;
  /** Counts one event in a window of `span` milliseconds; resolves to 0 when it fits under `limit`, else to the milliseconds to wait. */
  take(key: string, limit: number, span: number, now: number): Promise<number>;
  close(): Promise<void>;
}
