import type { Detector, Report, Rule } from "./candidate.ts";
import { findRun, is, PIECE, skip, TOKEN, WORD } from "./characters.ts";
import { type AnchoredFormat, anchored } from "./secret-anchors.ts";
import { prefixed, type SecretFormat } from "./secret-formats.ts";

/** The names that `redaction.secrets` may use. */
export const secretFormats: readonly string[] = [
  ...new Set([...prefixed, ...anchored].map((format) => format.name).concat("private_key", "url_credentials")),
].sort();

export type SecretRules = ReadonlyMap<string, Rule>;

/** Every format has at least this many token characters in a row: nothing shorter is looked at. */
const shortest = 15;
/** What may stand between a format's first characters and that run: `SG.`, `dp.pt.`, `access_token$production$`. */
const lookBack = 64;
/** How far back a word may stand that tells what a token is. */
const contextReach = 80;
const HYPHEN = 45;

/** Finds credentials by the format that their provider gave them. */
export function createSecretDetector(rules: SecretRules): Detector {
  const index = createIndex(prefixed.filter((format) => rules.has(format.name)));
  const shapes = anchored.filter((format) => rules.has(format.name));
  return (text, report) => {
    let end = 0;
    for (let run = findRun(text, 0, TOKEN, shortest); run >= 0; run = findRun(text, end, TOKEN, shortest)) {
      const start = headStart(text, run, end);
      end = skip(text, run + shortest, TOKEN);
      for (let at = start; at < end; ) {
        const stop = skip(text, at, PIECE);
        while (text.charCodeAt(at) === HYPHEN) at++;
        let next = at;
        if (at < stop && !is(text, at - 1, WORD)) {
          next = Math.max(
            readPrefixed(text, at, index, rules, report),
            readAnchored(text, at, stop, shapes, rules, report),
          );
          end = Math.max(end, next);
        }
        at = next > at ? next : Math.max(stop, at + 1);
      }
    }
  };
}

function headStart(text: string, run: number, from: number): number {
  const least = Math.max(from, run - lookBack);
  let start = run;
  while (start > least && (is(text, start - 1, TOKEN) || ".~$!=|".includes(text[start - 1] as string))) start--;
  return start;
}

type Index = ReadonlyMap<number, readonly SecretFormat[]>;
/** Three ASCII characters as a small integer; of other characters something that no format begins with. */
function key(text: string, at: number): number {
  const [first, second, third] = [text.charCodeAt(at), text.charCodeAt(at + 1), text.charCodeAt(at + 2)];
  return (first | second | third) < 128 ? (first << 14) | (second << 7) | third : 0;
}

function createIndex(formats: readonly SecretFormat[]): Index {
  const index = new Map<number, SecretFormat[]>();
  for (const format of formats) {
    for (const prefix of format.starts) {
      const known = index.get(key(prefix, 0)) ?? [];
      if (!known.includes(format)) known.push(format);
      index.set(key(prefix, 0), known);
    }
  }
  return index;
}

/** Returns where reading goes on; `at`: nothing begins here. */
function readPrefixed(text: string, at: number, index: Index, rules: SecretRules, report: Report): number {
  const formats = index.get(key(text, at));
  if (formats === undefined) return at;
  for (const format of formats) {
    if (!format.starts.some((prefix) => text.startsWith(prefix, at))) continue;
    format.pattern.lastIndex = at;
    const match = format.pattern.exec(text);
    if (match === null) continue;
    if (isReal(match[0], format)) report(rules.get(format.name) as Rule, at, at + match[0].length);
    return at + match[0].length;
  }
  return at;
}

function readAnchored(
  text: string,
  at: number,
  stop: number,
  shapes: readonly AnchoredFormat[],
  rules: SecretRules,
  report: Report,
): number {
  for (const format of shapes) {
    if (stop - at < format.least || stop - at > format.most || (format.next !== "" && text[stop] !== format.next))
      continue;
    if (format.after !== undefined && (at === 0 || !format.after.includes(text[at - 1] as string))) continue;
    format.pattern.lastIndex = at;
    const match = format.pattern.exec(text);
    if (match === null) continue;
    if (format.before !== undefined && !format.before.test(text.slice(Math.max(0, at - contextReach), at))) continue;
    if (!isReal(match[0], format)) continue;
    report(rules.get(format.name) as Rule, at, at + match[0].length);
    return at + match[0].length;
  }
  return at;
}

/** What documentation puts where a secret would stand. */
const placeholder = /x{5}|X{5}|\*{3}|EXAMPLE|example|DUMMY|your[-_]|_here\b/;

function isReal(match: string, format: { entropy: number; check: ((match: string) => boolean) | undefined }): boolean {
  if (format.check !== undefined && !format.check(match)) return false;
  return !placeholder.test(match) && entropy(match) >= format.entropy;
}

const counts = new Int32Array(128);

/** Shannon entropy in bits per character of an ASCII text. */
function entropy(text: string): number {
  counts.fill(0);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i) & 127;
    counts[code] = (counts[code] as number) + 1;
  }
  let bits = 0;
  for (const count of counts) if (count > 0) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
