import type { Usage } from "../../dialects/dialect.ts";
import type { AttemptOutcome, Receipt } from "../../step.ts";
import type { NewRecord } from "../records.ts";
import type { Value } from "./driver.ts";

/** A column and where its value comes from. */
type Column<From> = readonly [name: string, of: (from: From) => Value | undefined | boolean];

/** Nothing for what is empty, as it is in most calls. */
function json(value: object): string | undefined {
  for (const _ in value) return JSON.stringify(value);
  return undefined;
}

const usageColumns: readonly Column<{ readonly usage: Usage }>[] = [
  ["input", ({ usage }) => usage.input],
  ["output", ({ usage }) => usage.output],
  ["cache_read", ({ usage }) => usage.cacheRead],
  ["cache_write", ({ usage }) => usage.cacheWrite],
  ["cache_write_long", ({ usage }) => usage.cacheWriteLong],
  ["reasoning", ({ usage }) => usage.reasoning],
  ["final", ({ usage }) => usage.final],
  ["service_tier", ({ usage }) => usage.serviceTier],
  ["answer_model", ({ usage }) => usage.model],
  ["other_models", ({ usage }) => json(usage.others)],
  ["server_tools", ({ usage }) => json(usage.serverTools)],
];

const receiptColumns: readonly Column<Receipt>[] = [
  ["id", (receipt) => receipt.id],
  ["started_at", (receipt) => receipt.startedAt],
  ["duration", (receipt) => receipt.duration],
  ["overhead", (receipt) => receipt.overhead],
  ["outcome", (receipt) => receipt.outcome],
  ["status", (receipt) => receipt.status],
  ["code", (receipt) => receipt.code],
  ["dialect", (receipt) => receipt.dialect],
  ["operation", (receipt) => receipt.operation],
  ["model", (receipt) => receipt.model],
  ["prompt", ({ prompt }) => prompt?.name],
  ["prompt_version", ({ prompt }) => prompt?.version],
  ["stream", (receipt) => receipt.stream],
  ["target", (receipt) => receipt.target],
  ["key", (receipt) => receipt.key],
  ["team", ({ attributes }) => attributes.team],
  ["project", ({ attributes }) => attributes.project],
  ["feature", ({ attributes }) => attributes.feature],
  ["customer", ({ attributes }) => attributes.customer],
  ["cost", (receipt) => receipt.cost],
  ["budget", ({ budget }) => budget?.name],
  // It may be more than a 64-bit column holds.
  ["budget_left", ({ budget }) => budget?.left.toString()],
  ["findings", ({ findings }) => json(findings)],
  ["observed", ({ observed }) => json(observed)],
  ...usageColumns,
];

const traceColumns: readonly Column<NewRecord>[] = [
  ["trace_id", (record) => record.traceId],
  ["span_id", (record) => record.spanId],
];

const outcomeColumns: readonly Column<AttemptOutcome>[] = [
  ["number", (outcome) => outcome.number],
  ["target", (outcome) => outcome.target],
  ["provider", (outcome) => outcome.provider],
  ["model", (outcome) => outcome.model],
  ["result", (outcome) => outcome.result],
  ["code", (outcome) => outcome.code],
  ["status", (outcome) => outcome.status],
  ["reason", (outcome) => outcome.reason],
  ["retry_after", (outcome) => outcome.retryAfter],
  ["losses", ({ losses }) => json(losses)],
  ["sent", (outcome) => outcome.sent],
  ["committed", (outcome) => outcome.committed],
  ["flowed", (outcome) => outcome.flowed],
  ["cost", (outcome) => outcome.cost],
  ["started_at", (outcome) => outcome.startedAt],
  ["first_byte", (outcome) => outcome.firstByte],
  ["duration", (outcome) => outcome.duration],
  ...usageColumns,
];

const names = (columns: readonly Column<never>[]): readonly string[] => columns.map(([name]) => name);

/** In the order in which a record is written. */
export const callColumns: readonly string[] = names([...receiptColumns, ...traceColumns]);
/** The column `call` comes before them. */
export const attemptColumns: readonly string[] = names(outcomeColumns);

const toValue = (value: Value | undefined | boolean): Value => {
  if (value === undefined) return null;
  return typeof value === "boolean" ? Number(value) : value;
};

const toText = (bytes: Uint8Array | undefined): Value =>
  bytes === undefined ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();

function writeColumns<From>(to: Value[], columns: readonly Column<From>[], from: From): void {
  for (const [, of] of columns) to.push(toValue(of(from)));
}

/** Texts that are `Redacted`, and what a receipt names; nothing else of a call goes to the thread. */
export function writeRecord(to: Value[], record: NewRecord): void {
  writeColumns(to, receiptColumns, record.receipt);
  writeColumns(to, traceColumns, record);
  to.push(toText(record.request), toValue(record.answer), record.receipt.attempts.length);
  for (const outcome of record.receipt.attempts) writeColumns(to, outcomeColumns, outcome);
}

/** A record as rows: `call` begins with the call's id. */
export interface RecordRows {
  readonly call: readonly Value[];
  readonly request: Value;
  readonly answer: Value;
  readonly attempts: readonly (readonly Value[])[];
}

export function readRecords(from: readonly Value[]): readonly RecordRows[] {
  const records: RecordRows[] = [];
  let place = 0;
  const take = (count: number): readonly Value[] => {
    place += count;
    return from.slice(place - count, place);
  };
  while (place < from.length) {
    const call = take(callColumns.length);
    const [request = null, answer = null, count] = take(3);
    const attempts = Array.from({ length: count as number }, () => take(attemptColumns.length));
    records.push({ call, request, answer, attempts });
  }
  return records;
}
