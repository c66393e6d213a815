import type { Usage } from "../../dialects/dialect.ts";
import type { Attributes, Redacted } from "../../facts.ts";
import type { AttemptOutcome, Receipt } from "../../step.ts";
import type { CallRecord } from "../records.ts";
import type { Database, Row, Value } from "./driver.ts";

/** A record as listed: without its texts. */
export interface ListedCall extends Omit<CallRecord, "request" | "answer"> {
  /** Grows with each call that is recorded. */
  readonly cursor: number;
}

/** Columns of calls that a list may be narrowed by. */
export type CallMatch = Partial<
  Record<"team" | "project" | "feature" | "customer" | "key" | "model" | "outcome", string>
>;

export interface RecordReader {
  /** With texts, newest first. */
  newest(limit: number): readonly CallRecord[];
  list(page: Page): readonly ListedCall[];
  find(id: string): CallRecord | undefined;
}

export interface Page {
  readonly limit: number;
  readonly before: number | undefined;
  readonly after: number | undefined;
  readonly match: CallMatch;
}

/** The names come from the type, but a caller without types may give any: only these get into SQL. */
const matchable = ["team", "project", "feature", "customer", "key", "model", "outcome"] as const;

export function createRecordReader(database: Database): RecordReader {
  const attempts = database.prepare("SELECT * FROM attempts WHERE call = ? ORDER BY number");
  const payload = database.prepare("SELECT request, answer FROM payloads WHERE call = ?");
  const newest = database.prepare("SELECT * FROM calls ORDER BY seq DESC LIMIT ?");
  const byId = database.prepare("SELECT * FROM calls WHERE id = ?");

  const toListed = (row: Row): ListedCall => ({
    cursor: Number(row.seq),
    receipt: toReceipt(row, attempts.all([row.id as string]).map(toOutcome)),
    traceId: row.trace_id as string,
    spanId: row.span_id as string,
  });
  const toRecord = (row: Row): CallRecord => {
    const { cursor: _, ...listed } = toListed(row);
    const [texts] = payload.all([row.id as string]);
    return { ...listed, request: redacted(texts?.request), answer: redacted(texts?.answer) };
  };
  return {
    newest: (limit) => newest.all([Math.max(0, limit)]).map(toRecord),
    list: (page) => listRows(database, page).map(toListed),
    find: (id) => byId.all([id]).map(toRecord)[0],
  };
}

function listRows(database: Database, { limit, before, after, match }: Page): readonly Row[] {
  const conditions = ["seq < ?", "seq > ?"];
  const values: Value[] = [before ?? Number.MAX_SAFE_INTEGER, after ?? -1];
  for (const name of matchable) {
    const value = match[name];
    if (value === undefined) continue;
    conditions.push(`${name} = ?`);
    values.push(value);
  }
  const order = after === undefined ? "DESC" : "ASC";
  const sql = `SELECT * FROM calls WHERE ${conditions.join(" AND ")} ORDER BY seq ${order} LIMIT ?`;
  return database.prepare(sql).all([...values, Math.max(0, limit)]);
}

const text = (value: Value | undefined): string | undefined => (typeof value === "string" ? value : undefined);
const number = (value: Value | undefined): number | undefined => (value === null ? undefined : Number(value));
const redacted = (value: Value | undefined): Redacted | undefined => text(value) as Redacted | undefined;
const list = <T>(value: Value | undefined): readonly T[] => (typeof value === "string" ? JSON.parse(value) : []);

const toUsage = (row: Row): Usage => ({
  input: Number(row.input),
  output: Number(row.output),
  cacheRead: Number(row.cache_read),
  cacheWrite: Number(row.cache_write),
  cacheWriteLong: Number(row.cache_write_long),
  reasoning: Number(row.reasoning),
  serviceTier: text(row.service_tier),
  model: text(row.answer_model),
  others: list(row.other_models),
  serverTools: JSON.parse(text(row.server_tools) ?? "{}"),
  final: Boolean(row.final),
});

const toOutcome = (row: Row): AttemptOutcome => ({
  number: Number(row.number),
  target: row.target as string,
  provider: row.provider as AttemptOutcome["provider"],
  model: row.model as string,
  result: row.result as AttemptOutcome["result"],
  code: text(row.code) as AttemptOutcome["code"],
  status: number(row.status ?? null),
  reason: text(row.reason),
  retryAfter: number(row.retry_after ?? null),
  losses: list(row.losses),
  sent: Boolean(row.sent),
  committed: Boolean(row.committed),
  usage: toUsage(row),
  flowed: Number(row.flowed),
  cost: row.cost as bigint,
  startedAt: Number(row.started_at),
  firstByte: number(row.first_byte ?? null),
  duration: Number(row.duration),
});

function toAttributes(row: Row): Attributes {
  const attributes: Record<string, string> = {};
  for (const name of ["team", "project", "feature", "customer"]) {
    const value = row[name];
    if (typeof value === "string") attributes[name] = value;
  }
  return attributes;
}

const toReceipt = (row: Row, attempts: readonly AttemptOutcome[]): Receipt => ({
  id: row.id as string,
  outcome: row.outcome as Receipt["outcome"],
  status: Number(row.status),
  code: text(row.code) as Receipt["code"],
  dialect: row.dialect as string,
  operation: row.operation as string,
  model: row.model as string,
  prompt: typeof row.prompt === "string" ? { name: row.prompt, version: Number(row.prompt_version) } : undefined,
  stream: Boolean(row.stream),
  target: text(row.target),
  attempts,
  usage: toUsage(row),
  cost: row.cost as bigint,
  budget: typeof row.budget === "string" ? { name: row.budget, left: BigInt(row.budget_left as string) } : undefined,
  findings: list(row.findings),
  key: text(row.key),
  attributes: toAttributes(row),
  startedAt: Number(row.started_at),
  duration: Number(row.duration),
  overhead: Number(row.overhead),
  observed: list(row.observed),
});
