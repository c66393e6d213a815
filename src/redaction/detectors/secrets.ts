import type { Detector, Report, Rule } from "./candidate.ts";
import { findRun, HYPHEN, is, isRun, PIECE, skip, TOKEN, WORD } from "./characters.ts";
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
  const index = createIndex(ruled(prefixed, rules));
  const shapes = createShapes(ruled(anchored, rules));
  const detect: Detector["detect"] = (source, report) => {
    const { units } = source;
    let end = 0;
    for (let run = findRun(source, 0, TOKEN, shortest); run >= 0; run = findRun(source, end, TOKEN, shortest)) {
      const start = headStart(units, run, end);
      end = skip(units, run + shortest, TOKEN);
      for (let at = start; at < end; ) {
        const stop = skip(units, at, PIECE);
        while (is(units, at, HYPHEN)) at++;
        let next = at;
        if (at < stop && !is(units, at - 1, WORD)) {
          next = Math.max(readPrefixed(source, at, index, report), readAnchored(source, at, stop, shapes, report));
          end = Math.max(end, next);
        }
        at = next > at ? next : Math.max(stop, at + 1);
      }
    }
  };
  return { needs: TOKEN, shortest, detect };
}

type Ruled<Format> = Format & { readonly rule: Rule };

function ruled<Format extends { readonly name: string }>(
  formats: readonly Format[],
  rules: SecretRules,
): readonly Ruled<Format>[] {
  return formats.flatMap((format) => {
    const rule = rules.get(format.name);
    return rule === undefined ? [] : [{ ...format, rule }];
  });
}

/** Marks that prefixes end in. */
const prefixEnds = new Set(Array.from(".~$!=|", (mark) => mark.charCodeAt(0)));

function headStart(units: Source["units"], run: number, from: number): number {
  const least = Math.max(from, run - lookBack);
  let start = run;
  while (start > least && (is(units, start - 1, TOKEN) || prefixEnds.has(units[start - 1] as number))) start--;
  return start;
}

type Index = ReadonlyMap<number, readonly Ruled<SecretFormat>[]>;
/** Three ASCII characters as a small integer; of other characters something that no format begins with. */
function key(units: ArrayLike<number>, at: number): number {
  const first = units[at] as number;
  const second = units[at + 1] as number;
  const third = units[at + 2] as number;
  return (first | second | third) < 128 ? (first << 14) | (second << 7) | third : 0;
}

function createIndex(formats: readonly Ruled<SecretFormat>[]): Index {
  const index = new Map<number, Ruled<SecretFormat>[]>();
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

type Shape = Ruled<AnchoredFormat>;
/** The shapes that a piece may have, by the character before it (that of others than ASCII, or of none, is 0) and by its length. */
type Shapes = readonly (readonly (readonly Shape[])[])[];

function createShapes(formats: readonly Shape[]): Shapes {
  const byPlace = new Map<string, readonly (readonly Shape[])[]>();
  return Array.from({ length: 128 }, (_, before) => {
    const fitting = formats.filter(({ after }) => after?.includes(String.fromCharCode(before)) ?? true);
    const place = fitting.map((format) => formats.indexOf(format)).join();
    const byLength = byPlace.get(place) ?? groupByLength(fitting);
    byPlace.set(place, byLength);
    return byLength;
  });
}

const groupByLength = (formats: readonly Shape[]): readonly (readonly Shape[])[] =>
  Array.from({ length: longestPiece + 1 }, (_, length) =>
    formats.filter(({ least, most }) => least <= length && (length === longestPiece || length <= most)),
  );

/** Returns where reading goes on; `at`: nothing begins here. */
function readPrefixed(source: Source, at: number, index: Index, report: Report): number {
  const { text, units } = source;
  const formats = index.get(key(units, at));
  if (formats === undefined) return at;
  for (const format of formats) {
    if (!format.starts.some((prefix) => text.startsWith(prefix, at))) continue;
    format.pattern.lastIndex = at;
    const match = format.pattern.exec(text);
    if (match === null) continue;
    if (isReal(match[0], format)) report(format.rule, at, at + match[0].length);
    return at + match[0].length;
  }
  return at;
}

/** `stop`: where the piece ends that begins here. */
function readAnchored({ text, units }: Source, at: number, stop: number, shapes: Shapes, report: Report): number {
  const before = at === 0 ? 0 : (units[at - 1] as number);
  const byLength = shapes[before < 128 ? before : 0] as Shapes[number];
  for (const format of byLength[Math.min(stop - at, longestPiece)] as readonly Shape[]) {
    if (stop - at > format.most) continue;
    if (format.next !== "" && units[stop] !== format.next.charCodeAt(0)) continue;
    if (format.lead !== undefined && !isRun(units, at, format.lead[0], format.lead[1])) continue;
    format.pattern.lastIndex = at;
    const match = format.pattern.exec(text);
    if (match === null) continue;
    if (format.before !== undefined && !format.before.test(text.slice(Math.max(0, at - contextReach), at))) continue;
    if (!isReal(match[0], format)) continue;
    report(format.rule, at, at + match[0].length);
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
