import { existsSync } from "node:fs";
import type { CallRecord } from "./records.ts";
import { type Database, openDatabase } from "./sqlite/driver.ts";
import { FileFailure, reasonOf } from "./sqlite/failure.ts";
import { type CallMatch, createRecordReader, type ListedCall } from "./sqlite/record-reader.ts";
import { checkReadable } from "./sqlite/schema.ts";
import { querySpend, type SpendQuery, type SpendRow } from "./sqlite/spend.ts";

export type { CallMatch, ListedCall } from "./sqlite/record-reader.ts";
export { type Dimension, type SpendQuery, type SpendRow, spendDimensions } from "./sqlite/spend.ts";

export interface ListQuery {
  /** 50 by default. */
  readonly limit?: number | undefined;
  /** Older than this cursor, newest first: the next page. */
  readonly before?: number | undefined;
  /** Newer than this cursor, oldest first: what has come since. */
  readonly after?: number | undefined;
  readonly match?: CallMatch | undefined;
}

/** Reads what a gateway writes, while it writes. Synchronous: for command lines. */
export interface SqliteReader {
  /** Without texts; newest first, unless `after` is given. */
  listCalls(query?: ListQuery): readonly ListedCall[];
  showCall(id: string): CallRecord | undefined;
  /** From the records: calls whose record was dropped, or not kept, are missing. The dearest first. */
  spend(query: SpendQuery): readonly SpendRow[];
  close(): void;
}

/**
 * @throws Error with a reason to show: no such file, not a file of Postern's, another version's.
 * @example const rows = openReader("./postern.db").spend({ by: ["team", "model"], since: Date.now() - 30 * 86_400_000 });
 */
export function openReader(path: string): SqliteReader {
  if (!existsSync(path)) throw new FileFailure(`${path}: there is no such file`);
  let database: Database | undefined;
  try {
    database = openDatabase(path, { readOnly: true });
    database.exec("PRAGMA busy_timeout = 5000");
    checkReadable(database);
    return toReader(database);
  } catch (cause) {
    database?.close();
    throw new FileFailure(`${path}: ${reasonOf(cause)}`);
  }
}

function toReader(database: Database): SqliteReader {
  const reader = createRecordReader(database);
  return {
    listCalls: ({ limit = 50, before, after, match = {} } = {}) => reader.list({ limit, before, after, match }),
    showCall: (id) => reader.find(id),
    spend: (query) => querySpend(database, query),
    close: () => database.close(),
  };
}
