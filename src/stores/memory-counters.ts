import type { Clock } from "../step.ts";
import type { Counters, Denial, Line, Reservation } from "./counters.ts";
import { createMemoryRates } from "./memory-rates.ts";
import { createSettledIds } from "./settled-ids.ts";

interface Account {
  spent: bigint;
  held: bigint;
}

interface Hold {
  readonly lines: readonly string[];
  amount: bigint;
}

/** Lines at once; beyond it new ones fail, since forgetting one that is still running would give its money out twice. */
const maxLines = 2_000_000;
/** Forgotten at most with each reservation, so that the end of a window with a million lines stops nobody. */
const sweepSize = 64;

class MemoryCounters implements Counters {
  readonly #clock: Clock;
  readonly #accounts = new Map<string, Account>();
  /** Keys by the instant when they may be forgotten: windows share few instants. */
  readonly #expiring = new Map<number, string[]>();
  readonly #holds = new Map<string, Hold>();
  readonly #settled = createSettledIds();
  readonly #rates = createMemoryRates();
  readonly #maxLines: number;

  constructor(clock: Clock, limit: number) {
    this.#clock = clock;
    this.#maxLines = limit;
  }

  async reserve(
    id: string,
    lines: readonly Line[],
    least: bigint,
    most: bigint,
    share: number,
  ): Promise<Reservation | Denial> {
    return this.reserveNow(id, lines, least, most, share);
  }

  reserveNow(id: string, lines: readonly Line[], least: bigint, most: bigint, share: number): Reservation | Denial {
    this.#sweep();
    const smallest = this.#smallest(lines);
    if (this.#settled.has(id) || smallest.left < least) return { denied: smallest.key, left: smallest.left };
    const fair = smallest.left / BigInt(share);
    const granted = least > fair ? least : fair < most ? fair : most;
    this.#hold(id, lines, granted);
    return { granted, tightest: smallest.key, left: smallest.left - granted };
  }

  async settle(id: string, cost: bigint): Promise<void> {
    const hold = this.#holds.get(id);
    this.#holds.delete(id);
    this.#settled.add(id);
    for (const key of hold?.lines ?? []) {
      const account = this.#accounts.get(key);
      if (hold === undefined || account === undefined) continue;
      account.held -= hold.amount;
      account.spent += cost;
    }
  }

  async read(keys: readonly string[]) {
    return keys.map((key) => {
      const account = this.#accounts.get(key);
      return { key, spent: account?.spent ?? 0n, held: account?.held ?? 0n };
    });
  }

  async take(key: string, limit: number, span: number, now: number): Promise<number> {
    return this.#rates.take(key, limit, span, now);
  }

  async close(): Promise<void> {}

  /** All lines pass or none does: the one with the least left speaks for all. */
  #smallest(lines: readonly Line[]): { readonly key: string; readonly left: bigint } {
    let smallest: { readonly key: string; readonly left: bigint } | undefined;
    for (const { key, limit } of lines) {
      const account = this.#accounts.get(key);
      const left = account === undefined ? limit : limit - account.spent - account.held;
      if (smallest === undefined || left < smallest.left) smallest = { key, left };
    }
    if (smallest === undefined) throw new Error("a reservation needs a line");
    return smallest;
  }

  #hold(id: string, lines: readonly Line[], amount: bigint): void {
    const unknown = lines.filter((line) => !this.#accounts.has(line.key));
    if (this.#accounts.size + unknown.length > this.#maxLines) throw new Error("too many budget lines");
    for (const line of unknown) this.#open(line);
    for (const { key } of lines) (this.#accounts.get(key) as Account).held += amount;
    const hold = this.#holds.get(id);
    if (hold === undefined) this.#holds.set(id, { lines: lines.map(({ key }) => key), amount });
    else hold.amount += amount;
  }

  #open(line: Line): void {
    this.#accounts.set(line.key, { spent: 0n, held: 0n });
    if (line.expiresAt === Number.POSITIVE_INFINITY) return;
    const keys = this.#expiring.get(line.expiresAt);
    if (keys === undefined) this.#expiring.set(line.expiresAt, [line.key]);
    else keys.push(line.key);
  }

  #sweep(): void {
    if (this.#expiring.size === 0) return;
    const now = this.#clock.now();
    for (const [instant, keys] of this.#expiring) {
      if (instant > now) continue;
      for (const key of keys.splice(-sweepSize)) this.#accounts.delete(key);
      if (keys.length === 0) this.#expiring.delete(instant);
      return;
    }
  }
}

/** Running totals in this process. Lines are forgotten after their windows; `limit` bounds how many there are at once. */
export function createMemoryCounters(clock: Clock, limit: number = maxLines): Counters {
  return new MemoryCounters(clock, limit);
}
