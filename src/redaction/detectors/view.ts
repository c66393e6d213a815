import { Buffer } from "node:buffer";

/** A text as a detector should read it, and the way back to the places of the original. */
export interface View {
  readonly text: string;
  /** The original range of [start, end) of the view. */
  range(start: number, end: number): readonly [start: number, end: number];
}

/** Escapes of JSON (however often they were escaped again), of source code and of URLs. */
const escapes = /\\+(?:[nrtbf]|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2})|%[2-7][0-9A-Fa-f]/.source;
/** Spaces, hyphens and full-width forms that stand for ASCII, digits of other scripts, and characters that are not seen. */
const lookalikes = [
  "[\\u00a0\\u00ad\\u061c\\u180e\\u2000-\\u2015\\u2024\\u2028-\\u202f\\u205f-\\u206f\\u2212\\u3000]",
  "[\\ufe00-\\ufe0f\\ufe52-\\ufe6b\\ufeff\\uff01-\\uff5e]|(?![0-9])\\p{Nd}",
].join("|");
const ascii = new RegExp(escapes, "g");
const all = new RegExp(`${escapes}|${lookalikes}`, "gu");

/** `undefined` when the text already reads as it stands, which takes a few native searches to know. */
export function createView(text: string): View | undefined {
  const wide = Buffer.byteLength(text) !== text.length;
  if (!wide && text.indexOf("\\") < 0 && text.indexOf("%") < 0) return undefined;
  const pattern = wide ? all : ascii;
  pattern.lastIndex = 0;
  let match = pattern.exec(text);
  if (match === null) return undefined;
  const parts: string[] = [];
  /** View position, original position and original width of each replaced unit; width 0: one to one from there. */
  const places: number[] = [];
  let length = 0;
  let done = 0;
  for (; match !== null; match = pattern.exec(text)) {
    const plain = text.slice(done, match.index);
    places.push(length, done, 0);
    length += plain.length;
    const replaced = read(match[0]);
    if (replaced !== "") places.push(length, match.index, match[0].length);
    length += replaced.length;
    parts.push(plain, replaced);
    done = match.index + match[0].length;
  }
  places.push(length, done, 0);
  parts.push(text.slice(done));
  return { text: parts.join(""), range: (start, end) => [origin(places, start, false), origin(places, end - 1, true)] };
}

/** One unit, or nothing. */
function read(match: string): string {
  if (match.length === 1) return fold(match);
  const kind = match.startsWith("%") ? "%" : (match[match.lastIndexOf("\\") + 1] as string);
  if (kind === "%") return String.fromCharCode(Number.parseInt(match.slice(1), 16));
  if (kind === "u") return fold(String.fromCharCode(Number.parseInt(match.slice(-4), 16)));
  if (kind === "x") return fold(String.fromCharCode(Number.parseInt(match.slice(-2), 16)));
  if (match.codePointAt(0) !== 0x5c) return fold(match);
  return kind === "t" ? "\t" : "\n";
}

const anyDigit = /^\p{Nd}$/u;
const unseen = /^(?:[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]|[\ufe00-\ufe0f])$/;
const hyphen = /^[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]$/;
const space = /^[\u00a0\u2000-\u200a\u202f\u205f\u3000]$/;

function fold(character: string): string {
  if (unseen.test(character)) return "";
  if (hyphen.test(character)) return "-";
  if (space.test(character)) return " ";
  if (character === "\u2028" || character === "\u2029") return "\n";
  if (anyDigit.test(character)) return digit(character.codePointAt(0) as number);
  const plain = character.normalize("NFKC");
  return plain.length === 1 ? plain : character.length === 1 ? character : "?";
}

/** Unicode keeps the ten digits of a script next to each other, in order, and such tens at multiples of ten when they touch. */
function digit(code: number): string {
  let zero = code;
  while (anyDigit.test(String.fromCodePoint(zero - 1))) zero--;
  return String((code - zero) % 10);
}

function origin(places: readonly number[], position: number, end: boolean): number {
  let low = 0;
  let high = places.length / 3 - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((places[middle * 3] as number) <= position) low = middle;
    else high = middle - 1;
  }
  const from = places[low * 3 + 1] as number;
  const width = places[low * 3 + 2] as number;
  if (width > 0) return end ? from + width : from;
  return from + position - (places[low * 3] as number) + (end ? 1 : 0);
}
