import type { Detector, Report, Rule } from "./candidate.ts";
import { findRun, HYPHEN, is, PIECE, skip, TOKEN, WORD } from "./characters.ts";
import { type AnchoredFormat, anchored } from "./secret-anchors.ts";
import { prefixed, type SecretFormat } from "./secret-formats.ts";
import type { Source } from "./source.ts";

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

/** Finds credentials by the format that their provider gave them. */
export function createSecretDetector(rules: SecretRules): Detector {
  const index = createIndex(prefixed.filter((format) => rules.has(format.name)));
  const shapes = createShapes(anchored.filter((format) => rules.has(format.name)));
  return (source, report) => {
    const { length, units } = source;
    if (length < shortest) return;
    let end = 0;
    for (let run = findRun(source, 0, TOKEN, shortest); run >= 0; run = findRun(source, end, TOKEN, shortest)) {
      const start = headStart(units, run, end);
      end = skip(units, run + shortest, TOKEN);
      for (let at = start; at < end; ) {
        const stop = skip(units, at, PIECE);
        while (is(units, at, HYPHEN)) at++;
        let next = at;
        if (at < stop && !is(units, at - 1, WORD)) {
          next = Math.max(
            readPrefixed(source, at, index, rules, report),
            readAnchored(source, at, stop, shapes, rules, report),
          );
          end = Math.max(end, next);
        }
        at = next > at ? next : Math.max(stop, at + 1);
      }
    }
  };
}

/** Marks that prefixes end in. */
const prefixEnds = new Set(Array.from(".~$!=|", (mark) => mark.charCodeAt(0)));

function headStart(units: Source["units"], run: number, from: number): number {
  const least = Math.max(from, run - lookBack);
  let start = run;
  while (start > least && (is(units, start - 1, TOKEN) || prefixEnds.has(units[start - 1] as number))) start--;
  return start;
}

type Index = ReadonlyMap<number, readonly SecretFormat[]>;
/** Three ASCII characters as a small integer; of other characters something that no format begins with. */
function key(units: ArrayLike<number>, at: number): number {
  const first = units[at] as number;
  const second = units[at + 1] as number;
  const third = units[at + 2] as number;
  return (first | second | third) < 128 ? (first << 14) | (second << 7) | third : 0;
}

function createIndex(formats: readonly SecretFormat[]): Index {
  const index = new Map<number, SecretFormat[]>();
  for (const format of formats) {
    for (const prefix of format.starts) {
      const first = key(Buffer.from(prefix), 0);
      const known = index.get(first) ?? [];
      if (!known.includes(format)) known.push(format);
      index.set(first, known);
    }
  }
  return index;
}

/** Longer pieces are looked up as this long. */
const longestPiece = 128;

interface Shapes {
  /** By the length of the piece that it begins with, those that may stand behind any character, and all. */
  readonly anywhere: readonly (readonly AnchoredFormat[])[];
  readonly all: readonly (readonly AnchoredFormat[])[];
  /** 1 for each ASCII character that one of the others has to stand behind. */
  readonly befores: Uint8Array;
}

function createShapes(formats: readonly AnchoredFormat[]): Shapes {
  const befores = new Uint8Array(128);
  for (const { after = "" } of formats) for (const character of after) befores[character.charCodeAt(0)] = 1;
  const all = Array.from({ length: longestPiece + 1 }, (_, length) =>
    formats.filter(({ least, most }) => least <= length && (length === longestPiece || length <= most)),
  );
  return { all, anywhere: all.map((some) => some.filter(({ after }) => after === undefined)), befores };
}

/** Returns where reading goes on; `at`: nothing begins here. */
function readPrefixed(source: Source, at: number, index: Index, rules: SecretRules, report: Report): number {
  const { text, units } = source;
  const formats = index.get(key(units, at));
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
  { text, units }: Source,
  at: number,
  stop: number,
  shapes: Shapes,
  rules: SecretRules,
  report: Report,
): number {
  const before = at === 0 ? 0 : (units[at - 1] as number);
  const placed = before < 128 && shapes.befores[before] === 1;
  const piece = Math.min(stop - at, longestPiece);
  for (const format of (placed ? shapes.all : shapes.anywhere)[piece] as readonly AnchoredFormat[]) {
    if (stop - at > format.most) continue;
    if (format.next !== "" && units[stop] !== format.next.charCodeAt(0)) continue;
    if (format.after !== undefined && !format.after.includes(text[at - 1] as string)) continue;
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
