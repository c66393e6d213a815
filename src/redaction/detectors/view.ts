import { Buffer } from "node:buffer";

/** A text as a detector should read it, and the way back to the places of the original. */
export interface View {
  readonly text: string;
  /** The original range of [start, end) of the view, which is not empty. */
  range(start: number, end: number): readonly [start: number, end: number];
}

/** Escapes of JSON (however often they were escaped again), of source code and of URLs. */
const escaped = /\\+(?:([nrtbf])|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2}))|%([2-7][0-9A-Fa-f])/y;
const BACKSLASH = 0x5c;
/** The high surrogate of the mathematical digits U+1D7CE to U+1D7FF. */
const MATHEMATICAL = 0xd835;

/** What to read instead of a code unit beyond ASCII: nothing, a space, a hyphen, a digit, a full-width form's plain one. */
const replacements = new Map<number, string>();
/** The same as flags, and the characters with which escapes begin. */
const special = new Uint8Array(65_536);

function replace(first: number, last: number, by: string | ((code: number) => string)): void {
  for (let code = first; code <= last; code++) {
    replacements.set(code, typeof by === "string" ? by : by(code));
    special[code] = 1;
  }
}
for (const code of [0xad, 0x61c, 0x180e, 0xfeff]) replace(code, code, "");
for (const [first, last] of [
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0xfe00, 0xfe0f],
] as const)
  replace(first, last, "");
for (const code of [0xa0, 0x202f, 0x205f, 0x3000]) replace(code, code, " ");
replace(0x2000, 0x200a, " ");
replace(0x2028, 0x2029, "\n");
replace(0x2010, 0x2015, "-");
for (const code of [0x2212, 0xfe58, 0xfe63]) replace(code, code, "-");
replace(0xff01, 0xff5e, (code) => String.fromCharCode(code - 0xfee0));
/** Zero in each script that has digits of its own; the other nine follow it (Unicode, category Nd). */
const zeros =
  "660 6f0 7c0 966 9e6 a66 ae6 b66 be6 c66 ce6 d66 de6 e50 ed0 f20 1040 1090 17e0 1810 1946 19d0 1a80 1a90 1b50 1bb0 1c40 1c50 a620 a8d0 a900 a9d0 a9f0 " +
  "aa50 abf0";
for (const zero of zeros.split(" ").map((hex) => Number.parseInt(hex, 16)))
  replace(zero, zero + 9, (code) => String(code - zero));
for (const code of [BACKSLASH, 0x25, MATHEMATICAL]) special[code] = 1;

/** `undefined` when the text reads as it stands; for ASCII without a backslash or percent sign, three native searches tell. */
export function createView(text: string): View | undefined {
  if (Buffer.byteLength(text) === text.length && text.indexOf("\\") < 0 && text.indexOf("%") < 0) return undefined;
  const parts: string[] = [];
  /** View position, original position and original width of each replaced unit; width 0: one to one from there. */
  const places: number[] = [0, 0, 0];
  let length = 0;
  let done = 0;
  for (let index = 0; index < text.length; ) {
    if (special[text.charCodeAt(index)] === 0) {
      index++;
      continue;
    }
    const { unit, width } = read(text, index);
    if (unit === undefined) {
      index += width;
      continue;
    }
    if (index > done) parts.push(text.slice(done, index));
    length += index - done;
    if (unit !== "") {
      parts.push(unit);
      places.push(length++, index, width);
    }
    index += width;
    done = index;
    places.push(length, done, 0);
  }
  if (done === 0) return undefined;
  parts.push(text.slice(done));
  return { text: parts.join(""), range: (start, end) => [origin(places, start, false), origin(places, end - 1, true)] };
}

/** The unit that `width` units stand for, or none; `undefined`: they stand for themselves. */
function read(text: string, index: number): { unit: string | undefined; width: number } {
  const code = text.charCodeAt(index);
  if (code === MATHEMATICAL) return mathematicalDigit(text.charCodeAt(index + 1));
  if (code > 0x7f) return { unit: replacements.get(code), width: 1 };
  escaped.lastIndex = index;
  const match = escaped.exec(text);
  if (match === null) return { unit: undefined, width: Math.max(1, backslashes(text, index)) };
  const [whole, letter, four, two, percent] = match;
  if (letter !== undefined) return { unit: letter === "t" ? "\t" : "\n", width: whole.length };
  const named = Number.parseInt(four ?? two ?? (percent as string), 16);
  return { unit: replacements.get(named) ?? String.fromCharCode(named), width: whole.length };
}

function backslashes(text: string, index: number): number {
  let end = index;
  while (text.charCodeAt(end) === BACKSLASH) end++;
  return end - index;
}

function mathematicalDigit(low: number): { unit: string | undefined; width: number } {
  return low >= 0xdfce && low <= 0xdfff
    ? { unit: String((low - 0xdfce) % 10), width: 2 }
    : { unit: undefined, width: 1 };
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
