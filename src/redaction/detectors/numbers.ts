import type { Detector, Report, Rule } from "./candidate.ts";
import { reportCard } from "./card.ts";
import { DIGIT, findRun, is, NUMBER, skip } from "./characters.ts";
import { reportIban } from "./iban.ts";
import { reportIpv4 } from "./ip.ts";
import { reportPhone } from "./phone.ts";
import { reportSsn } from "./ssn.ts";

/** The groups of digits in a stretch of digits and the marks that group them: group i is [starts[i], ends[i]). */
export interface Groups {
  text: string;
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
  const groups: Groups = { text: "", starts: [], ends: [], sure: [], count: 0 };
  return (text, report) => {
    groups.text = text;
    let end = 0;
    for (let start = findRun(text, 0, NUMBER, shortest); start >= 0; start = findRun(text, end, NUMBER, shortest)) {
      end = skip(text, start, NUMBER);
      if (group(groups, start, end)) readGroups(groups, rules, report);
    }
    groups.text = "";
  };
}

/** Splits [start, end) into groups. Returns whether they may be worth a look. */
function group(groups: Groups, start: number, end: number): boolean {
  const { text } = groups;
  groups.count = 0;
  let digits = 0;
  for (let index = start; index < end; ) {
    if (!is(text, index, DIGIT)) {
      index++;
      continue;
    }
    groups.starts[groups.count] = index;
    groups.sure[groups.count] = false;
    const from = index;
    index = skip(text, index, DIGIT);
    groups.ends[groups.count++] = index;
    digits += index - from;
  }
  return digits >= shortest || groups.count >= 4;
}

function readGroups(groups: Groups, rules: NumberRules, report: Report): void {
  const first = groups.starts[0] as number;
  const iban = rules.iban ? reportIban(groups.text, first, rules.iban, report) : first;
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
  return rules.ip && reportIpv4(groups.text, groups.starts[i] as number, rules.ip, report)
    ? Math.min(i + 4, groups.count)
    : i;
}

/** The mark between group i and the next one, when it is a single one; else 0. */
export function mark(groups: Groups, i: number): number {
  const end = groups.ends[i] as number;
  return i + 1 < groups.count && groups.starts[i + 1] === end + 1 ? groups.text.charCodeAt(end) : 0;
}

export function size(groups: Groups, i: number): number {
  return i >= 0 && i < groups.count ? (groups.ends[i] as number) - (groups.starts[i] as number) : 0;
}

/** The digits of the groups from i up to, not including, j. */
export function digitsOf(groups: Groups, i: number, j: number): string {
  let digits = "";
  for (let k = i; k < j; k++) digits += groups.text.slice(groups.starts[k], groups.ends[k]);
  return digits;
}
