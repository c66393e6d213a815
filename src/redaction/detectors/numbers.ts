import type { Detector, Report, Rule } from "./candidate.ts";
import { reportCard } from "./card.ts";
import { DIGIT, findRun, is, NUMBER, skip } from "./characters.ts";
import { reportIban } from "./iban.ts";
import { reportIpv4 } from "./ip.ts";
import { reportPhone } from "./phone.ts";
import type { Source } from "./source.ts";
import { reportSsn } from "./ssn.ts";

/** The groups of digits in a stretch of digits and the marks that group them: group i is [starts[i], ends[i]). */
export interface Groups {
  readonly source: Source;
  readonly starts: number[];
  readonly ends: number[];
  /** Is group i part of something surer than a phone number? */
  readonly sure: boolean[];
  count: number;
}

export interface NumberRules {
  readonly card: Rule | undefined;
  readonly ssn: Rule | undefined;
  readonly iban: Rule | undefined;
  readonly ip: Rule | undefined;
  readonly phone: Rule | undefined;
}

/** `1.2.3.4`, and a phone number's seven digits: nothing that is looked for is shorter. */
const shortest = 7;

/** Finds whatever is written with digits. Every reading of a stretch is reported; which one is right, `resolve` decides. */
export function createNumberDetector(rules: NumberRules): Detector {
  let groups: Groups | undefined;
  return (source, report) => {
    if ((source.classes & DIGIT) === 0) return;
    let end = 0;
    for (let start = findRun(source, 0, NUMBER, shortest); start >= 0; start = findRun(source, end, NUMBER, shortest)) {
      end = skip(source.units, start, NUMBER);
      if (!isLikely(source.units, start, end)) continue;
      if (groups?.source !== source) groups = { source, starts: [], ends: [], sure: [], count: 0 };
      group(groups, start, end);
      readGroups(groups, rules, report);
    }
  };
}

/** Has [start, end) seven digits, or four groups of them? */
function isLikely(units: Source["units"], start: number, end: number): boolean {
  let digits = 0;
  let groups = 0;
  let before = 0;
  for (let index = start; index < end; index++) {
    const digit = is(units, index, DIGIT) ? 1 : 0;
    digits += digit;
    groups += digit & ~before;
    before = digit;
  }
  return digits >= shortest || groups >= 4;
}

/** Splits [start, end) into groups. */
function group(groups: Groups, start: number, end: number): void {
  const { units } = groups.source;
  groups.count = 0;
  for (let index = start; index < end; index++) {
    if (!is(units, index, DIGIT)) continue;
    groups.starts[groups.count] = index;
    groups.sure[groups.count] = false;
    index = skip(units, index, DIGIT);
    groups.ends[groups.count++] = index;
  }
}

function readGroups(groups: Groups, rules: NumberRules, report: Report): void {
  const first = groups.starts[0] as number;
  const iban = rules.iban ? reportIban(groups.source, first, rules.iban, report) : first;
  for (let i = 0; i < groups.count; ) {
    const next = readSure(groups, i, rules, report);
    if (next === i && (groups.starts[i] as number) >= iban) i++;
    else
      do groups.sure[i++] = true;
      while (i < next);
  }
  if (!rules.phone) return;
  for (let i = 0; i < groups.count; ) i = groups.sure[i] ? i + 1 : reportPhone(groups, i, rules.phone, report);
}

/** What has a checksum or a shape of its own. Returns the group behind it; i: there is nothing. */
function readSure(groups: Groups, i: number, rules: NumberRules, report: Report): number {
  const card = rules.card ? reportCard(groups, i, rules.card, report) : i;
  if (card > i) return card;
  const ssn = rules.ssn ? reportSsn(groups, i, rules.ssn, report) : i;
  if (ssn > i) return ssn;
  return rules.ip && reportIpv4(groups.source, groups.starts[i] as number, rules.ip, report)
    ? Math.min(i + 4, groups.count)
    : i;
}

/** The mark between group i and the next one, when it is a single one; else 0. */
export function mark({ source, starts, ends, count }: Groups, i: number): number {
  const end = ends[i] as number;
  return i + 1 < count && starts[i + 1] === end + 1 ? (source.units[end] as number) : 0;
}

export function size(groups: Groups, i: number): number {
  return i >= 0 && i < groups.count ? (groups.ends[i] as number) - (groups.starts[i] as number) : 0;
}

/** Digit k of group i, as its value. */
export function digitAt({ source, starts }: Groups, i: number, k: number): number {
  return (source.units[(starts[i] as number) + k] as number) - 0x30;
}

/** The digits of the groups from i up to, not including, j. */
export function digitsOf({ source, starts, ends }: Groups, i: number, j: number): string {
  if (j === i + 1) return source.text.slice(starts[i], ends[i]);
  let digits = "";
  for (let k = i; k < j; k++) digits += source.text.slice(starts[k], ends[k]);
  return digits;
}
