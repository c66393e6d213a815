import type { Detector, Report, Rule } from "./candidate.ts";
import { reportCard } from "./card.ts";
import { classesOf, DIGIT, findRun, NUMBER } from "./characters.ts";
import { dateEnd } from "./dates.ts";
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
  digits: number;
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
const DOT = 46;

/** Finds whatever is written with digits. Every reading of a stretch is reported; which one is right, `resolve` decides. */
export function createNumberDetector(rules: NumberRules): Detector {
  let groups: Groups | undefined;
  const detect: Detector["detect"] = (source, report) => {
    let end = 0;
    for (let start = findRun(source, 0, NUMBER, shortest); start >= 0; start = findRun(source, end, NUMBER, shortest)) {
      if (groups?.source !== source) groups = { source, starts: [], ends: [], sure: [], count: 0, digits: 0 };
      end = group(groups, start);
      if (groups.digits >= shortest || groups.count >= 4) readGroups(groups, rules, report);
    }
  };
  return { needs: DIGIT, shortest, detect };
}

/** Splits the stretch that begins at `start` into groups. Returns its end. */
function group(groups: Groups, start: number): number {
  const { units } = groups.source;
  let inside = false;
  let digits = 0;
  let count = 0;
  for (let index = start; ; index++) {
    const classes = classesOf(units[index] as number);
    if ((classes & DIGIT) !== 0) {
      if (!inside) groups.starts[count] = index;
      inside = true;
      digits++;
    } else {
      if (inside) groups.ends[count++] = index;
      inside = false;
      if ((classes & NUMBER) === 0) {
        groups.count = count;
        groups.digits = digits;
        return index;
      }
    }
  }
}

function readGroups(groups: Groups, rules: NumberRules, report: Report): void {
  const first = groups.starts[0] as number;
  for (let i = 0; i < groups.count; i++) groups.sure[i] = false;
  const iban = rules.iban ? reportIban(groups.source, first, rules.iban, report) : first;
  for (let i = 0; i < groups.count; ) {
    const date = (groups.starts[i] as number) < iban ? i : dateEnd(groups, i);
    if (date > i) {
      i = date;
      continue;
    }
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
  return rules.ip && mark(groups, i) === DOT && reportIpv4(groups.source, groups.starts[i] as number, rules.ip, report)
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
