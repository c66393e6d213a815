import type { Detector, Report, Rule } from "./candidate.ts";
import { findRun, is, skip, TOKEN, WORD } from "./characters.ts";
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
const lookBack = 32;
/** How far back a word may stand that tells what a token is. */
const contextReach = 80;

/** Finds credentials by the format that their provider gave them. */
export function createSecretDetector(rules: SecretRules): Detector {
  const index = createIndex(prefixed.filter((format) => rules.has(format.name)));
  const shapes = anchored.filter((format) => rules.has(format.name));
  return (text, report) => {
    let end = 0;
    for (let run = findRun(text, 0, TOKEN, shortest); run >= 0; run = findRun(text, end, TOKEN, shortest)) {
      const start = headStart(text, run, end);
      end = skip(text, run + shortest, TOKEN);
      for (let at = start; at < end; at++) {
        if (inside(text, at)) continue;
        const next = Math.max(
          readPrefixed(text, at, index, rules, report),
          readAnchored(text, at, shapes, rules, report),
        );
        if (next <= at) continue;
        at = next - 1;
        end = Math.max(end, next);
      }
    }
  };
}

/** A token begins where none of its alphabet stands before. */
function inside(text: string, at: number): boolean {
  return !is(text, at, WORD) || is(text, at - 1, WORD) || text.charCodeAt(at - 1) === 45;
}

function headStart(text: string, run: number, from: number): number {
  const least = Math.max(from, run - lookBack);
  let start = run;
  while (start > least && (is(text, start - 1, TOKEN) || ".~$!".includes(text[start - 1] as string))) start--;
  return start;
}

type Index = ReadonlyMap<number, readonly SecretFormat[]>;
const key = (text: string, at: number) =>
  text.charCodeAt(at) * 0x1_0000_0000 + text.charCodeAt(at + 1) * 0x1_0000 + text.charCodeAt(at + 2);

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
  for (const format of index.get(key(text, at)) ?? []) {
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
  shapes: readonly AnchoredFormat[],
  rules: SecretRules,
  report: Report,
): number {
  for (const format of shapes) {
    format.pattern.lastIndex = at;
    const match = format.pattern.exec(text);
    if (match === null || !isReal(match[0], format)) continue;
    if (format.before !== undefined && !format.before.test(text.slice(Math.max(0, at - contextReach), at))) continue;
    report(rules.get(format.name) as Rule, at, at + match[0].length);
    return at + match[0].length;
  }
  return at;
}

/** What documentation puts where a secret would stand. */
const placeholder = /x{5}|X{5}|\*{3}|EXAMPLE|example|DUMMY|your[-_]|_here\b|(.)\1{6}/;

function isReal(match: string, format: { entropy: number; check: ((match: string) => boolean) | undefined }): boolean {
  if (placeholder.test(match) || entropy(match) < format.entropy) return false;
  return format.check === undefined || format.check(match);
}

/** Shannon entropy in bits per character. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
