import type { Refusal } from "../../src/index.ts";
import { UsageError } from "./command.ts";

/** Control characters could move a terminal's cursor: what callers named is shown without them. */
const shown = (cell: string): string => cell.replace(/[\p{Cc}\p{Cf}]/gu, "?");

/** The same for texts of several lines. */
export const multiline = (lines: string): string => lines.replace(/(?![\n\t])[\p{Cc}\p{Cf}]/gu, "?");

/** The facts of a refusal, behind what is said of it: ` (limit: 600)`. */
export function details(detail: Refusal["detail"]): string {
  const facts = Object.entries(detail).map(([name, value]) => `${name}: ${value}`);
  return facts.length > 0 ? ` (${facts.join(", ")})` : "";
}

/** Columns as wide as their widest cell. */
export function toTable(rows: readonly (readonly string[])[]): string {
  const printed = rows.map((row) => row.map(shown));
  const widths: number[] = [];
  for (const row of printed)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  return printed
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The moment an age before now: `30d`. */
export function toSince(age: string, now: number): number {
  const [, count = "", unit = ""] = /^(\d{1,6})([mhd])$/.exec(age) ?? [];
  if (count === "") throw new UsageError("--since takes an age like 90m, 12h or 30d");
  return now - Number(count) * (units[unit] ?? 0);
}
