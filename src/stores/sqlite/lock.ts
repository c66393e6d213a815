import { type Database, openDatabase } from "./driver.ts";
import { FileFailure, isBusy } from "./failure.ts";

/**
 * Keeps a ledger to one process: each counts what is spent in its own memory, so two on one file would both spend the same money. The
 * lock is the operating system's, on a file of its own, so that others may read the database; it ends with the process however that ends.
 * @throws Error when another holds it.
 */
export function lockFile(path: string): { release(): void } {
  const database: Database = openDatabase(`${path}-lock`, { readOnly: false });
  try {
    // Nothing is ever written to it: no journal, no leftovers.
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    if (!isBusy(cause)) throw cause;
    throw new FileFailure("another process keeps its ledger in this file; give each gateway a file of its own");
  }
  return { release: () => database.close() };
}
