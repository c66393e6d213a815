import type { Counters } from "./counters.ts";
import type { Ledger } from "./ledger.ts";
import type { Records } from "./records.ts";

/** What the steps keep beyond one call. Each may live elsewhere: memory now, Redis or SQLite behind the same interfaces. */
export interface Stores {
  readonly counters: Counters;
  readonly ledger: Ledger;
  readonly records: Records;
  /** No call may be let in before: counters are not yet where the ledger stands. Absent: at once. Rejects where a store cannot be used. */
  readonly ready?: Promise<void>;
}
