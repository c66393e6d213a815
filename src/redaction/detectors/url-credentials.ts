import type { Report, Rule } from "./candidate.ts";
import { is, LETTER } from "./characters.ts";
import type { Source } from "./source.ts";

/** What a host may begin with besides a letter, templates included. */
const hostStart = /[0-9[$%{]/;
/** Longer user names and passwords are not looked for. */
const longest = 256;
const scheme = /(?:^|[^a-z0-9+.-])[a-z][a-z0-9+.-]{1,20}:\/\/$/i;
const placeholder =
  /^(?:\$.*|%.*|<.*|\{.*|\[.*|pass|passwd|password|pwd|secret|token|user|username|your.*|replace.*|redacted|(.)\1*|my_?password|changeme|example)$/i;

/**
 * Reads `scheme://user:password@host` around the `@` at `at` and reports the password alone, so that the model still sees what is
 * connected to what. Returns whether the `@` belongs to a URL's credentials, and so to no e-mail address.
 */
export function reportUrlCredentials(
  { text, units }: Source,
  at: number,
  rule: Rule | undefined,
  report: Report,
): boolean {
  let start = at;
  let colon = -1;
  for (; start > 0 && at - start <= longest; start--) {
    const code = units[start - 1] as number;
    if (
      code === 47 ||
      code <= 32 ||
      code === 34 ||
      code === 39 ||
      code === 60 ||
      code === 62 ||
      code === 64 ||
      code === 96
    )
      break;
    if (code === 58) colon = start - 1;
  }
  if (text.charCodeAt(start - 1) !== 47 || colon < 0 || !scheme.test(text.slice(Math.max(0, start - 25), start)))
    return false;
  const password = text.slice(colon + 1, at);
  if (
    rule !== undefined &&
    password.length >= 4 &&
    !placeholder.test(password) &&
    (is(units, at + 1, LETTER) || hostStart.test(text[at + 1] ?? ""))
  )
    report(rule, colon + 1, at);
  return true;
}
