import type { CallRecord } from "../records.ts";
import type { Value } from "./driver.ts";
import type { LedgerLine } from "./ledger-wire.ts";

/** What the thread is started with. */
export interface Opening {
  readonly path: string;
  /** It keeps the ledger: no other process may. */
  readonly exclusive: boolean;
  readonly synchronous: "normal" | "full";
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A line that still runs, and what was charged to it. */
export interface Balance {
  readonly line: LedgerLine;
  readonly spent: bigint;
}

/** A reservation that nobody settled. */
export interface OpenHold {
  readonly id: string;
  readonly lines: readonly LedgerLine[];
  readonly amount: bigint;
  readonly leaseUntil: number;
}

/** What has to be known to go on where the process before ended. */
export interface Restored {
  readonly balances: readonly Balance[];
  readonly holds: readonly OpenHold[];
}

/**
 * All of one tick. Flat lists of plain values cost a third of what a structured clone of the objects costs; `ledger` and `records` are
 * read by the functions that stand beside those that write them.
 */
export interface Batch {
  readonly kind: "batch";
  readonly number: number;
  readonly ledger: readonly Value[];
  readonly records: readonly Value[];
}

export interface Retain {
  readonly kind: "retain";
  /** What is older goes; milliseconds since the epoch. */
  readonly recordsBefore: number;
  readonly ledgerBefore: number;
}

/** For the newest records. */
export interface List {
  readonly kind: "list";
  readonly number: number;
  readonly limit: number;
}

export type ToThread = Batch | Retain | List | { readonly kind: "close" };

export type Part = "ledger" | "records";

export type FromThread =
  | { readonly kind: "opened"; readonly restored: Restored }
  | { readonly kind: "failed"; readonly reason: string }
  /** Every batch up to `number` is written, as far as `part` goes. */
  | { readonly kind: "written"; readonly part: Part; readonly number: number }
  /** Those from the last answer up to `number` are not, and never will be. */
  | { readonly kind: "lost"; readonly part: Part; readonly number: number; readonly reason: string }
  | { readonly kind: "listed"; readonly number: number; readonly records: readonly CallRecord[] }
  | { readonly kind: "unlisted"; readonly number: number; readonly reason: string };
