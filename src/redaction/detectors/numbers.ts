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
  const groups: Groups = { text: "", starts: [], ends: [], count: 0 };
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
    const from = index;
    index = skip(text, index, DIGIT);
    groups.ends[groups.count++] = index;
    digits += index - from;
  }
  return digits >= shortest || groups.count >= 4;
}

function readGroups(groups: Groups, rules: NumberRules, report: Report): void {
  const { text, starts } = groups;
  if (rules.iban) reportIban(text, starts[0] as number, rules.iban, report);
  let card = 0;
  let phone = 0;
  for (let i = 0; i < groups.count; i++) {
    if (rules.ip) reportIpv4(text, starts[i] as number, rules.ip, report);
    if (rules.ssn) reportSsn(groups, i, rules.ssn, report);
    if (rules.card && i >= card) card = reportCard(groups, i, rules.card, report);
    if (rules.phone && i >= phone) phone = reportPhone(groups, i, rules.phone, report);
  }
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
