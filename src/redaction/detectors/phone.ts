import type { Report, Rule } from "./candidate.ts";
import { is, WORD } from "./characters.ts";
import { dateEnd, isDate } from "./dates.ts";
import { ipv4End } from "./ip.ts";
import { digitAt, digitsOf, type Groups, mark, size } from "./numbers.ts";
import { phoneContext } from "./phone-context.ts";
import { phonePlan } from "./phone-plan.ts";
import type { Source } from "./source.ts";

const PLUS = 43;
const OPEN = 40;
const CLOSE = 41;
const SPACE = 32;
const DOT = 46;
const SLASH = 47;
const HYPHEN = 45;
/** ITU-T E.164, without the `+`. */
const longest = 15;
const extension = /[ ,;]{0,2}(?:x|ext\.?|extension|durchwahl) ?\d{1,6}(?!\w)/iy;

/**
 * Reads a phone number that begins with group i. Returns the next group to read. Believed are: international numbers (`+` or `00`) of the
 * national number plans; North American ones (NPA-NXX-XXXX); grouped ones that begin with the trunk prefix 0, ungrouped ones of 10 or 11 digits;
 * and whatever else has the shape, next to a word such as `phone`. Nearer words such as `order` or `invoice` take all but the `+` away.
 */
export function reportPhone(groups: Groups, i: number, rule: Rule, report: Report): number {
  const { units } = groups.source;
  const start = groups.starts[i] as number;
  if (is(units, start - 1, WORD)) return i + 1;
  const plus = plusBefore(units, start);
  const date = plus < 0 ? dateEnd(groups, i) : i;
  if (date > i) return date;
  const next = plus >= 0 ? international(groups, i, 0) : national(groups, i);
  if (next <= i) return i + 1;
  const end = extensionEnd(groups.source, groups.ends[next - 1] as number);
  report(rule, plus >= 0 ? plus : opening(groups, i, next), end);
  return next;
}

/** Where the `+` stands that `+44`, `(+44` or `+(44` begin with; -1: none. */
function plusBefore(units: Source["units"], start: number): number {
  const at = units[start - 1] === OPEN ? start - 2 : start - 1;
  if (units[at] !== PLUS || is(units, at - 1, WORD)) return -1;
  return units[at - 1] === OPEN ? at - 1 : at;
}

function opening(groups: Groups, i: number, next: number): number {
  const { units } = groups.source;
  const start = groups.starts[i] as number;
  if (units[start - 1] !== OPEN) return start;
  const end = groups.ends[next - 1] as number;
  for (let index = start; index < end; index++) if (units[index] === CLOSE) return start - 1;
  return start;
}

const plans = new Map<string, RegExp>();
function plan(code: string): RegExp | undefined {
  const source = phonePlan[code];
  if (source === undefined) return undefined;
  const known = plans.get(code) ?? new RegExp(`^0?(?:${source})$`);
  plans.set(code, known);
  return known;
}

/** No calling code is a prefix of another one. */
function isInternational(digits: string): boolean {
  for (let length = 1; length <= 3; length++) {
    const known = plan(digits.slice(0, length));
    if (known !== undefined) return known.test(digits.slice(length));
  }
  return false;
}

/** The group after the longest number of the plans that begins with group i, after `prefix` digits of it; i: there is none. */
function international(groups: Groups, i: number, prefix: number): number {
  let digits = digitsOf(groups, i, i + 1).slice(prefix);
  let best = i;
  for (let j = i + 1; digits.length <= longest; j++) {
    if (digits.length >= 6 && isInternational(digits) && ends(groups, j)) best = j;
    if (!joined(groups, j)) break;
    if (!(size(groups, j) === 1 && digitAt(groups, j, 0) === 0 && bracketed(groups, j)))
      digits += digitsOf(groups, j, j + 1);
  }
  return best;
}

function bracketed(groups: Groups, j: number): boolean {
  const { units } = groups.source;
  return units[(groups.starts[j] as number) - 1] === OPEN && units[groups.ends[j] as number] === CLOSE;
}

/** Do at most three marks, none of them a `+` or a second space, stand between group j, which is free, and the one before it? */
function joined(groups: Groups, j: number): boolean {
  if (j >= groups.count || groups.sure[j]) return false;
  const { units } = groups.source;
  const start = groups.starts[j] as number;
  const end = groups.ends[j - 1] as number;
  if (start - end > 3) return false;
  for (let index = end; index < start; index++) {
    if (units[index] === PLUS || (units[index] === SPACE && units[index + 1] === SPACE)) return false;
  }
  return true;
}

function ends(groups: Groups, j: number): boolean {
  const end = groups.ends[j - 1] as number;
  return !is(groups.source.units, end, WORD) || extensionEnd(groups.source, end) > end;
}

function extensionEnd({ text }: Source, end: number): number {
  extension.lastIndex = end;
  return extension.test(text) ? extension.lastIndex : end;
}

function national(groups: Groups, i: number): number {
  const { source } = groups;
  const start = groups.starts[i] as number;
  const before = source.units[start - 1];
  if ((before === DOT || before === SLASH || before === HYPHEN) && i > 0 && mark(groups, i - 1) !== 0) return i;
  if (isDate(groups, i) || (mark(groups, i) === DOT && ipv4End(source, start) > start)) return i;
  const exit = exitCode(groups, i);
  const abroad = exit > 0 ? international(groups, i, exit) : i;
  const shaped = abroad > i ? abroad : northAmerican(groups, i);
  const candidate = shaped > i ? shaped : grouped(groups, i);
  if (candidate === i) return i;
  const context = phoneContext(source, start, groups.ends[candidate - 1] as number);
  if (context === "other") return i;
  if (context === "phone") return candidate;
  return shaped > i || trunk(groups, i, candidate) ? candidate : i;
}

/** How many digits of group i are what is dialled to reach another country. */
function exitCode(groups: Groups, i: number): number {
  if (digitAt(groups, i, 0) !== 0) return 0;
  return /^(?:00|011)(?=[1-9])/.exec(digitsOf(groups, i, i + 1))?.[0].length ?? 0;
}

/** NPA-NXX-XXXX, its area code in brackets or not, after a country code of up to three digits or none. Spaces alone have to stand alone. */
function northAmerican(groups: Groups, i: number): number {
  const first = size(groups, i) < 3 && size(groups, i + 1) === 3 && size(groups, i + 3) === 4 ? i + 1 : i;
  if (first > i && !joined(groups, first)) return i;
  const next = size(groups, first + 1) === 7 && bracketed(groups, first) ? first + 2 : first + 3;
  if (next > groups.count || size(groups, first) !== 3) return i;
  if (next === first + 3 && (size(groups, first + 1) !== 3 || size(groups, first + 2) !== 4)) return i;
  if (digitAt(groups, first, 0) < 2 || digitAt(groups, first + 1, 0) < 2) return i;
  for (let j = first + 1; j < next; j++) if (!joined(groups, j)) return i;
  if (mark(groups, first) === SPACE && mark(groups, first + 1) === SPACE && (i > 0 || next < groups.count)) return i;
  return ends(groups, next) ? next : i;
}

/** The longest run of groups from i on that is shaped like a phone number: 7 to 13 digits, no group but the first of one digit. */
function grouped(groups: Groups, i: number): number {
  let digits = size(groups, i);
  let best = i;
  for (let j = i + 1; digits <= 13; j++) {
    if (digits >= 7 && ends(groups, j)) best = j;
    if (!joined(groups, j) || size(groups, j) < 2 || size(groups, j) > 8 || isDate(groups, j)) break;
    digits += size(groups, j);
  }
  return best > i && isAmount(groups, i, best) ? i : best;
}

/** A decimal number, `5.1234567`, or one with marks between thousands, `12.345.678`. */
function isAmount(groups: Groups, i: number, next: number): boolean {
  if (mark(groups, i) === DOT && next === i + 2 && size(groups, i) < 3) return true;
  if (next - i < 2 || size(groups, i) > 3 || digitAt(groups, i, 0) === 0) return false;
  for (let j = i + 1; j < next; j++) if (size(groups, j) !== 3 || mark(groups, j - 1) !== DOT) return false;
  return true;
}

/** Does it begin with one 0, and has it the nine to twelve digits that national numbers have with it? */
function trunk(groups: Groups, i: number, next: number): boolean {
  if (size(groups, i) < 2 || digitAt(groups, i, 0) !== 0 || digitAt(groups, i, 1) === 0) return false;
  let digits = 0;
  for (let j = i; j < next; j++) digits += size(groups, j);
  return next === i + 1 ? digits === 10 || digits === 11 : digits >= 9 && digits <= 12;
}
