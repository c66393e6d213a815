import type { Report, Rule } from "./candidate.ts";
import { is, WORD } from "./characters.ts";
import { digitsOf, type Groups, mark, size } from "./numbers.ts";

const HYPHEN = 45;
const SPACE = 32;
/** Area, group and serial number: ranges that were never issued (SSA, RM 10201.035). */
const issued = /^(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}$/;
const context = /\b(?:ssn|social[\s-]security|soc\.? sec)\b[^\n]{0,24}$/i;

/** Reads 123-45-6789 at group i, with spaces only where no other number touches it, without separators only after its name. Returns the group behind it; i: there is none. */
export function reportSsn(groups: Groups, i: number, rule: Rule, report: Report): number {
  const { text, units } = groups.source;
  const start = groups.starts[i] as number;
  const parts = size(groups, i) === 9 ? 1 : 3;
  if ((parts === 3 && !grouped(groups, i)) || is(units, start - 1, WORD)) return i;
  const end = groups.ends[i + parts - 1] as number;
  if (is(units, end, WORD) || !issued.test(digitsOf(groups, i, i + parts))) return i;
  if (parts === 1 && !context.test(text.slice(Math.max(0, start - 48), start))) return i;
  report(rule, start, end);
  return i + parts;
}

function grouped(groups: Groups, i: number): boolean {
  if (size(groups, i) !== 3 || size(groups, i + 1) !== 2 || size(groups, i + 2) !== 4) return false;
  const separator = mark(groups, i);
  if (separator !== mark(groups, i + 1)) return false;
  if (separator === SPACE) return groups.count === 3;
  return separator === HYPHEN && mark(groups, i + 2) !== HYPHEN && (i === 0 || mark(groups, i - 1) !== HYPHEN);
}
