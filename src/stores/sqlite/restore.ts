import type { Clock } from "../../step.ts";
import type { Counters, Line } from "../counters.ts";
import type { LedgerLine } from "./ledger-wire.ts";
import type { OpenHold, Restored } from "./messages.ts";

/** What was spent before is not asked whether it fits. */
const limit = 1n << 100n;

const toLine = ({ key, expiresAt = Number.POSITIVE_INFINITY }: LedgerLine): Line => ({ key, limit, expiresAt });

/** Brings counters that know nothing to where the ledger stands: charged money is spent, open reservations are held. */
export async function restoreCounters({ balances, holds }: Restored, counters: Counters, now: number): Promise<void> {
  const hold = async (id: string, lines: readonly LedgerLine[], amount: bigint): Promise<void> => {
    const live = lines.map(toLine).filter(({ expiresAt }) => expiresAt > now);
    if (live.length > 0) await counters.reserve(id, live, amount, amount, 1);
  };
  for (const { line, spent } of balances) {
    const id = `restored/${line.key}`;
    await hold(id, [line], spent);
    await counters.settle(id, spent);
  }
  for (const { id, lines, amount } of holds) await hold(id, lines, amount);
}

/** Calls `lapse` for each reservation of a process that is gone, once its lease has passed; returns what stops it. */
export function watchLeases(holds: readonly OpenHold[], clock: Clock, lapse: (hold: OpenHold) => void): () => void {
  const waiting = [...holds].sort((first, second) => first.leaseUntil - second.leaseUntil);
  let cancel = (): void => {};
  const next = (): void => {
    const now = clock.now();
    while (waiting[0] !== undefined && waiting[0].leaseUntil <= now) lapse(waiting.shift() as OpenHold);
    if (waiting[0] !== undefined) cancel = clock.after(waiting[0].leaseUntil - now, next);
  };
  next();
  return () => cancel();
}
