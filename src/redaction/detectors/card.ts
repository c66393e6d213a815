import type { Report, Rule } from "./candidate.ts";
import { is, WORD } from "./characters.ts";
import { digitAt, digitsOf, type Groups, mark, size } from "./numbers.ts";

/** Issuer prefixes with the lengths their cards have (ISO/IEC 7812; the schemes' published ranges). */
const issuers =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720|220[0-5])\d{12,14}|3[47]\d{13}|3(?:0[0-59]|[689]\d)\d{11,16}|(?:6\d|50|8[12]|35)\d{14,17}|9792\d{12}|(?:50|5[6-9]|6\d)\d{10,17}|(?:1800|2131)\d{11})$/;
const longest = 19;
const shortest = 12;

/** Reads a card number that begins with group i: in one piece, or grouped by single spaces or hyphens. Returns the group behind it; i: there is none. */
export function reportCard(groups: Groups, i: number, rule: Rule, report: Report): number {
  const first = size(groups, i);
  const { units } = groups.source;
  const start = groups.starts[i] as number;
  const separator = mark(groups, i);
  const grouped = separator === 32 || separator === 45;
  if (first < 4 || first > longest || (first < shortest && !grouped)) return i;
  if (is(units, start - 1, WORD) || decimal(groups, i)) return i;
  let best = -1;
  let digits = first;
  for (let j = i + 1; digits <= longest; digits += size(groups, j), j++) {
    if (digits >= shortest && isCard(groups, i, j)) best = j;
    if (!grouped || j >= groups.count || mark(groups, j - 1) !== separator) break;
    if (size(groups, j) < 3 && digits + size(groups, j) < shortest) break;
  }
  if (best < 0 || is(units, groups.ends[best - 1] as number, WORD)) return i;
  report(rule, start, groups.ends[best - 1] as number);
  return best;
}

/** The fraction of a decimal number is no card: `0.4111111111111111`. */
function decimal(groups: Groups, i: number): boolean {
  return i > 0 && mark(groups, i - 1) === 46;
}

function isCard(groups: Groups, i: number, j: number): boolean {
  if (!luhn(groups, i, j)) return false;
  const digits = digitsOf(groups, i, j);
  if (!issuers.test(digits) || /^(\d)\1*$/.test(digits)) return false;
  // Twelve digits are too common to be believed without the word.
  const start = groups.starts[i] as number;
  return (
    digits.length > shortest ||
    /\b(?:card|karte|carte|tarjeta|carta|maestro)/i.test(groups.source.text.slice(Math.max(0, start - 40), start))
  );
}

function luhn(groups: Groups, i: number, j: number): boolean {
  let sum = 0;
  let double = false;
  for (let group = j - 1; group >= i; group--) {
    for (let k = size(groups, group) - 1; k >= 0; k--, double = !double) {
      const digit = digitAt(groups, group, k);
      sum += double ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
    }
  }
  return sum % 10 === 0;
}
