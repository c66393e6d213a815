import type { Database, Row, Value } from "./driver.ts";

/** What spending may be grouped by; `day` and `month` in UTC, `model` as the caller named it, `answerModel` as the provider did. */
const dimensions = {
  team: "calls.team",
  project: "calls.project",
  feature: "calls.feature",
  customer: "calls.customer",
  key: "calls.key",
  model: "calls.model",
  outcome: "calls.outcome",
  day: "strftime('%Y-%m-%d', calls.started_at / 1000, 'unixepoch')",
  month: "strftime('%Y-%m', calls.started_at / 1000, 'unixepoch')",
  target: "attempts.target",
  provider: "attempts.provider",
  answerModel: "attempts.answer_model",
} as const;

export type Dimension = keyof typeof dimensions;
export const spendDimensions = Object.keys(dimensions) as readonly Dimension[];

export interface SpendQuery {
  /** None: everything in one row. */
  readonly by: readonly Dimension[];
  /** Calls that began in [since, until): milliseconds since the epoch. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

/** What one group used, all attempts counted. */
export interface SpendRow {
  /** As asked for; `undefined` where calls named none. */
  readonly group: Readonly<Partial<Record<Dimension, string>>>;
  readonly calls: number;
  /** Tokens. */
  readonly input: number;
  readonly output: number;
  /** Pico-dollars, exact. */
  readonly cost: bigint;
}

/** A sum of 64-bit integers overflows at $9.2 million, so micro-dollars and the rest are summed apart. */
const micro = 1_000_000n;

/** The dearest first. */
export function querySpend(database: Database, query: SpendQuery): readonly SpendRow[] {
  const { by, since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = query;
  const groups = by.map((name) => {
    if (!Object.hasOwn(dimensions, name))
      throw new RangeError(`spending cannot be grouped by that: ${spendDimensions.join(", ")} are known`);
    return dimensions[name];
  });
  const ordinals = groups.map((_, index) => String(index + 1));
  // A refused call has no attempt and no target, and is counted all the same.
  const sql = `
    SELECT ${groups.map((sql, index) => `${sql} AS group${index}, `).join("")}
      count(DISTINCT calls.id) AS calls, sum(attempts.input) AS input, sum(attempts.output) AS output,
      sum(attempts.cost / ${micro}) AS micro, sum(attempts.cost % ${micro}) AS rest
    FROM calls LEFT JOIN attempts ON attempts.call = calls.id
    WHERE calls.started_at >= ? AND calls.started_at < ?
    ${ordinals.length > 0 ? `GROUP BY ${ordinals.join(", ")}` : ""}`;
  const rows = database
    .prepare(sql)
    .all([since, until])
    .map((row) => toSpend(row, by));
  return rows.sort((first, second) => Number(second.cost > first.cost) - Number(second.cost < first.cost));
}

const count = (value: Value | undefined): number => Number(value ?? 0);
const integer = (value: Value | undefined): bigint => (typeof value === "bigint" ? value : 0n);

function toSpend(row: Row, by: readonly Dimension[]): SpendRow {
  const group: Partial<Record<Dimension, string>> = {};
  for (const [index, name] of by.entries()) {
    const value = row[`group${index}`];
    if (typeof value === "string") group[name] = value;
  }
  return {
    group,
    calls: count(row.calls),
    input: count(row.input),
    output: count(row.output),
    cost: integer(row.micro) * micro + integer(row.rest),
  };
}
