import type { Database } from "./driver.ts";
import { attemptColumns, callColumns, type RecordRows } from "./record-wire.ts";

/** Calls deleted in one transaction, so that no reservation waits long for it. */
const chunk = 100;

/** What is remembered of calls, in three tables. */
export interface RecordTables {
  /** Within a transaction that the caller holds. */
  write(records: readonly RecordRows[]): void;
  /** Forgets some of the calls that began `before`; resolves to whether there may be more. */
  forget(before: number): boolean;
}

const places = (count: number): string => Array(count).fill("?").join(", ");

/** Calls are numbered as they end, which is about the order in which they began. */
const oldSql = `SELECT id FROM (SELECT id, started_at FROM calls ORDER BY seq LIMIT ${chunk}) WHERE started_at < ?`;

export function createRecordTables(database: Database): RecordTables {
  const call = database.prepare(
    `INSERT OR IGNORE INTO calls (${callColumns.join(", ")}) VALUES (${places(callColumns.length)})`,
  );
  const attempt = database.prepare(
    `INSERT INTO attempts (call, ${attemptColumns.join(", ")}) VALUES (${places(attemptColumns.length + 1)})`,
  );
  const payload = database.prepare("INSERT INTO payloads (call, request, answer) VALUES (?, ?, ?)");
  const forgetting = ["attempts WHERE call", "payloads WHERE call", "calls WHERE id"].map((where) =>
    database.prepare(`DELETE FROM ${where} IN (${oldSql})`),
  );

  const writeOne = (record: RecordRows): void => {
    const [id = null] = record.call;
    if (call.run(record.call) === 0) return;
    for (const values of record.attempts) attempt.run([id, ...values]);
    if (record.request !== null || record.answer !== null) payload.run([id, record.request, record.answer]);
  };
  return {
    write(records) {
      for (const record of records) writeOne(record);
    },
    forget(before) {
      let deleted = 0;
      for (const statement of forgetting) deleted = statement.run([before]);
      return deleted > 0;
    },
  };
}
