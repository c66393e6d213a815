import { digitAt, type Groups, mark, size } from "./numbers.ts";

const SPACE = 32;
const HYPHEN = 45;
const DOT = 46;
const SLASH = 47;

/** 2024-01-31, 31.01.2024, 1/31/2024 */
export function isDate(groups: Groups, i: number): boolean {
  const separator = mark(groups, i);
  if (separator === 0 || separator === SPACE || mark(groups, i + 1) !== separator) return false;
  if (isYear(groups, i)) return isUpTo(groups, i + 1, 12) && isUpTo(groups, i + 2, 31);
  return isYear(groups, i + 2) && isUpTo(groups, i, 31) && isUpTo(groups, i + 1, 31);
}

/** The group behind a date, with which nothing else can begin; i: there is none. */
export function dateEnd(groups: Groups, i: number): number {
  const separator = mark(groups, i);
  if (separator !== HYPHEN && separator !== DOT && separator !== SLASH) return i;
  return mark(groups, i + 2) !== DOT && isDate(groups, i) ? i + 3 : i;
}

function isYear(groups: Groups, i: number): boolean {
  if (size(groups, i) !== 4) return false;
  const century = digitAt(groups, i, 0) * 10 + digitAt(groups, i, 1);
  return century === 19 || century === 20;
}

function isUpTo(groups: Groups, i: number, most: number): boolean {
  const digits = size(groups, i);
  if (digits > 2) return false;
  return (digits === 2 ? digitAt(groups, i, 0) * 10 : 0) + digitAt(groups, i, digits - 1) <= most;
}
