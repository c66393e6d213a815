import type { Report, Rule } from "./candidate.ts";
import { DIGIT, is, LETTER, WORD } from "./characters.ts";
import type { Source } from "./source.ts";

/** Lengths by country (SWIFT IBAN registry). */
const lengths = new Map(
  (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 " +
    "FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 " +
    "MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 " +
    "SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
  )
    .split(" ")
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);
/** From the first stretch of digits that is long enough to be noticed back to the country: `KZ86 125K ZT50 0410 …`. */
const lookBack = 14;

/** Reads the IBAN whose account number holds the digit at `digit`. Returns where it ends; `digit`: there is none. */
export function reportIban(source: Source, digit: number, rule: Rule, report: Report): number {
  const { units } = source;
  for (let start = digit - 2; start >= 0 && start >= digit - lookBack; start--) {
    if (!is(units, start, LETTER) || !is(units, start + 1, LETTER) || is(units, start - 1, WORD)) continue;
    if (!is(units, start + 2, DIGIT) || !is(units, start + 3, DIGIT)) continue;
    const end = ibanEnd(source, start);
    if (end === start) continue;
    report(rule, start, end);
    return end;
  }
  return digit;
}

function ibanEnd({ text, units }: Source, start: number): number {
  const length = lengths.get(text.slice(start, start + 2).toUpperCase());
  if (length === undefined) return start;
  let compact = "";
  let end = start;
  while (compact.length < length) {
    if (is(units, end, DIGIT | LETTER)) compact += text[end++];
    else if ((text[end] === " " || text[end] === "-") && compact.length > 3 && is(units, end + 1, DIGIT | LETTER))
      end++;
    else return start;
  }
  return !is(units, end, WORD) && remainder(compact) === 1 ? end : start;
}

/** ISO 7064 mod 97-10: the country and check digits moved to the end, letters read as 10 to 35. */
function remainder(compact: string): number {
  let rest = 0;
  for (let i = 0; i < compact.length; i++) {
    const value = Number.parseInt(compact[(i + 4) % compact.length] as string, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest;
}
