import type { Clock, Logger } from "../step.ts";
import type { Counters } from "./counters.ts";
import type { Entry, Ledger } from "./ledger.ts";
import { createMemoryCounters } from "./memory-counters.ts";
import { createMemoryLedger } from "./memory-ledger.ts";
import type { Records } from "./records.ts";
import type { Operation } from "./sqlite/ledger-wire.ts";
import type { OpenHold } from "./sqlite/messages.ts";
import { restoreCounters, watchLeases } from "./sqlite/restore.ts";
import { DatabaseThread } from "./sqlite/thread.ts";
import type { Stores } from "./stores.ts";

export interface SqliteOptions {
  /** A file on a local disk; it is made where it is missing, its folder is not. `-wal`, `-shm` and `-lock` stand beside it. */
  readonly path: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds that records are kept; for ever by default. */
  readonly retention?: number | undefined;
  /** Milliseconds that settled entries of the ledger are kept, 400 days by default. Running totals are kept as long as their windows. */
  readonly ledgerRetention?: number | undefined;
  /**
   * Keep records alone: then several processes may write the same file, and counters and ledger are in memory. With the ledger a file
   * belongs to one process.
   */
  readonly recordsOnly?: boolean | undefined;
  /** `normal` (default) survives the end of the process, however it ends; `full` a loss of power too, at the price of a disk's flush for each tick. */
  readonly synchronous?: "normal" | "full" | undefined;
  /** Where a bundler has put `postern/dist/src/stores/sqlite/worker.js`, the module of the thread. */
  readonly worker?: URL | undefined;
}

export interface SqliteStores extends Stores {
  /** Resolves when the counters are where the ledger stands; no call may be let in before. Rejects with what is wrong with the file. */
  readonly ready: Promise<void>;
}

const day = 86_400_000;
const hour = 3_600_000;

/** Beside this module; with its own extension, so that it works from source where Node strips types. */
const ownWorker = (): URL =>
  new URL(`./sqlite/worker.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);

const toOperation = ({ kind, id, at, amount, leaseUntil, lines }: Entry): Operation => ({
  kind,
  id,
  at,
  amount,
  leaseUntil,
  lines,
});

const lapseOf = ({ id, amount, leaseUntil, lines }: OpenHold): Operation => ({
  kind: "lapse",
  id,
  at: leaseUntil,
  amount,
  leaseUntil,
  lines,
});

/**
 * Ledger and records in a SQLite file that a thread of its own writes, and counters in memory that begin where the ledger stands.
 * A reservation is on file when `append` resolves. Needs Node.js 22.13, or the package `libsql`.
 * @example const stores = createSqliteStores({ path: "./postern.db", clock, log }); await stores.ready;
 */
export function createSqliteStores(options: SqliteOptions): SqliteStores {
  const { path, clock, log, recordsOnly = false, synchronous = "normal" } = options;
  const opening = { path, exclusive: !recordsOnly, synchronous, now: clock.now() };
  const thread = new DatabaseThread(opening, options.worker ?? ownWorker(), log);
  const counters = createMemoryCounters(clock);
  const stops: (() => void)[] = [];
  let closed = false;

  const ready = thread.opened.then(async (restored) => {
    await restoreCounters(restored, counters, clock.now());
    if (closed) return;
    stops.push(watchLeases(restored.holds, clock, (hold) => lapse(hold, counters, thread)));
    stops.push(retain(options, thread));
  });
  ready.catch(() => {});
  const close = async (): Promise<void> => {
    closed = true;
    for (const stop of stops) stop();
    await thread.close();
  };
  const ledger: Ledger = { durable: true, append: (entry) => thread.append(toOperation(entry)), close };
  const records: Records = { write: (batch) => thread.write(batch), list: (limit) => thread.list(limit), close };
  return { counters, ledger: recordsOnly ? createMemoryLedger() : ledger, records, ready };
}

/** Where it cannot be written now, the next start finds it open and does it again. */
function lapse(hold: OpenHold, counters: Counters, thread: DatabaseThread): void {
  void counters.settle(hold.id, hold.amount);
  thread.append(lapseOf(hold)).catch(() => {});
}

function retain(
  { clock, retention = Number.POSITIVE_INFINITY, ledgerRetention = 400 * day }: SqliteOptions,
  thread: DatabaseThread,
): () => void {
  let cancel = (): void => {};
  const run = (): void => {
    const now = clock.now();
    thread.retain({ recordsBefore: now - retention, ledgerBefore: now - ledgerRetention });
    cancel = clock.after(hour, run);
  };
  run();
  return () => cancel();
}
