import type { Database, Value } from "./driver.ts";
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

/** Most readers of SQLite end a text at a NUL: what somebody wrote behind one would be on file and never be seen. */
const visible = (value: Value): Value =>
  typeof value === "string" && value.includes("\0") ? value.replaceAll("\0", "\u2400") : value;

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
    const values = record.call.map(visible);
    const [id = null] = values;
    if (call.run(values) === 0) return;
    for (const outcome of record.attempts) attempt.run([id, ...outcome.map(visible)]);
    const texts = [record.request, record.answer].map(visible);
    if (texts.some((text) => text !== null)) payload.run([id, ...texts]);
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
