import { closeSync, openSync } from "node:fs";
import { type Database, openDatabase } from "./driver.ts";
import { FileFailure } from "./failure.ts";
import { createLedgerTable, type LedgerTable } from "./ledger-table.ts";
import { lockFile } from "./lock.ts";
import type { Opening } from "./messages.ts";
import { createRecordReader, type RecordReader } from "./record-reader.ts";
import { createRecordTables, type RecordTables } from "./record-tables.ts";
import { migrate } from "./schema.ts";

/** The open database and what is done with it. */
export interface File {
  readonly ledger: LedgerTable;
  readonly records: RecordTables;
  readonly reader: RecordReader;
  /** All of it or nothing. */
  transaction(action: () => void): void;
  /** Empties the log of what is in the database by now, so that what was deleted is gone from both; not while somebody reads. */
  truncate(): void;
  close(): void;
}

/**
 * - WAL: readers see the last commit and hold up nobody.
 * - A commit has reached the operating system, so it survives the process. Only `full` waits for the disk each time, and so survives a
 *   loss of power too; a reservation then takes as long as the disk does.
 * - What retention deletes is overwritten.
 */
const settings = (synchronous: Opening["synchronous"]): string => `
  PRAGMA busy_timeout = 5000;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = ${synchronous === "full" ? "FULL" : "NORMAL"};
  PRAGMA journal_size_limit = 67108864;
  PRAGMA secure_delete = ON;
`;

/** SQLite gives its other files the rights of this one. */
function touch(path: string): void {
  try {
    closeSync(openSync(path, "a", 0o600));
  } catch (cause) {
    throw new FileFailure(`the file cannot be opened for writing (${(cause as NodeJS.ErrnoException).code})`);
  }
}

export function openFile({ path, exclusive, synchronous }: Omit<Opening, "now">): File {
  touch(path);
  const lock = exclusive ? lockFile(path) : undefined;
  let database: Database | undefined;
  try {
    database = openDatabase(path, { readOnly: false });
    database.exec(settings(synchronous));
    migrate(database);
    return toFile(database, lock);
  } catch (cause) {
    database?.close();
    lock?.release();
    throw cause;
  }
}

/** Waits for no reader, since reservations would wait with it. */
function truncate(database: Database): void {
  database.exec("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout = 5000");
}

function toFile(database: Database, lock: ReturnType<typeof lockFile> | undefined): File {
  return {
    ledger: createLedgerTable(database),
    records: createRecordTables(database),
    reader: createRecordReader(database),
    transaction(action) {
      database.exec("BEGIN IMMEDIATE");
      try {
        action();
        database.exec("COMMIT");
      } catch (cause) {
        database.exec("ROLLBACK");
        throw cause;
      }
    },
    truncate: () => truncate(database),
    close() {
      // libsql leaves it undone.
      truncate(database);
      database.close();
      lock?.release();
    },
  };
}
