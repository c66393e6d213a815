import type { Clock } from "../step.ts";
import { createMemoryCounters } from "./memory-counters.ts";
import { createMemoryLedger, type MemoryLedger } from "./memory-ledger.ts";
import { createMemoryRecords } from "./memory-records.ts";
import type { Stores } from "./stores.ts";

export interface MemoryStores extends Stores {
  readonly ledger: MemoryLedger;
}

/**
 * Stores that live in this process and end with it, each bounded: lines are forgotten with their windows, and of ledger and records
 * only the newest are kept.
 * @param options `keep`: how many call records.
 */
export function createMemoryStores(
  { clock }: { readonly clock: Clock },
  options: { readonly keep: number },
): MemoryStores {
  return {
    counters: createMemoryCounters(clock),
    ledger: createMemoryLedger(),
    records: createMemoryRecords(options.keep),
  };
}
