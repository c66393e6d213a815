import type { Entry, Ledger } from "./ledger.ts";
import { createSettledIds } from "./settled-ids.ts";

export interface MemoryLedger extends Ledger {
  /** The newest entries, oldest first. */
  entries(): readonly Entry[];
  /** Over the whole life: reservations opened and settled, and the pico-dollars charged. */
  totals(): { readonly reserved: number; readonly settled: number; readonly charged: bigint };
}

/** An account in memory: totals over everything, the newest `keep` entries, nothing else. */
export function createMemoryLedger(keep = 1_000): MemoryLedger {
  const ring: Entry[] = [];
  const open = new Set<string>();
  const settled = createSettledIds();
  const totals = { reserved: 0, settled: 0, charged: 0n };
  let next = 0;

  const write = (entry: Entry): void => {
    ring[next] = entry;
    next = (next + 1) % keep;
  };

  const reserve = (entry: Entry): void => {
    if (settled.has(entry.id)) return;
    if (!open.has(entry.id)) totals.reserved++;
    open.add(entry.id);
    write(entry);
  };

  const settle = (entry: Entry): void => {
    settled.add(entry.id);
    if (!open.delete(entry.id)) return;
    totals.settled++;
    totals.charged += entry.amount;
    write(entry);
  };

  return {
    durable: false,
    async append(entry) {
      if (entry.kind === "reserve") reserve(entry);
      else settle(entry);
    },
    entries: () => [...ring.slice(next), ...ring.slice(0, next)],
    totals: () => ({ ...totals }),
    async close() {},
  };
}
