import { classify, findAny, HEX, is, SPECIAL } from "./characters.ts";

const BACKSLASH = 0x5c;
const PERCENT = 0x25;
const LETTER_T = 0x74;
const LETTER_U = 0x75;
const LETTER_X = 0x78;
/** Letters behind a backslash that break a line, or pass for it: n, r, b, f. */
const lineBreaks = new Set([0x6e, 0x72, 0x62, 0x66]);
/** The high surrogate of the mathematical digits U+1D7CE to U+1D7FF. */
const MATHEMATICAL = 0xd835;
/** What a special character may stand for besides a unit: nothing at all, and what it is. */
const nothing = -1;
const itself = -2;

/** What to read instead of a code unit beyond ASCII: nothing, a space, a hyphen, a digit, a full-width form's plain one. */
const replacements = new Map<number, number>();

function replace(first: number, last: number, by: number | ((code: number) => number)): void {
  for (let code = first; code <= last; code++) {
    replacements.set(code, typeof by === "number" ? by : by(code));
    classify(code, SPECIAL);
  }
}
for (const code of [0xad, 0x61c, 0x180e, 0xfeff]) replace(code, code, nothing);
for (const [first, last] of [
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0xfe00, 0xfe0f],
] as const)
  replace(first, last, nothing);
for (const code of [0xa0, 0x202f, 0x205f, 0x3000]) replace(code, code, 0x20);
replace(0x2000, 0x200a, 0x20);
replace(0x2028, 0x2029, 0x0a);
replace(0x2010, 0x2015, 0x2d);
for (const code of [0x2212, 0xfe58, 0xfe63]) replace(code, code, 0x2d);
replace(0xff01, 0xff5e, (code) => code - 0xfee0);
/** Zero in each script that has digits of its own; the other nine follow it (Unicode, category Nd). */
const zeros =
  "660 6f0 7c0 966 9e6 a66 ae6 b66 be6 c66 ce6 d66 de6 e50 ed0 f20 1040 1090 17e0 1810 1946 19d0 1a80 1a90 1b50 1bb0 1c40 1c50 a620 a8d0 a900 a9d0 a9f0 " +
  "aa50 abf0";
for (const zero of zeros.split(" ").map((hex) => Number.parseInt(hex, 16)))
  replace(zero, zero + 9, (code) => 0x30 + code - zero);
for (const code of [BACKSLASH, PERCENT, MATHEMATICAL]) classify(code, SPECIAL);

/**
 * Of each replaced piece: place in the rewritten text, original place and original width; and of the first unit behind it, with width 0:
 * one to one from there. Where one unit stands for one, nothing is kept.
 */
export type Places = readonly number[];

export interface Rewritten {
  readonly length: number;
  /** `undefined`: every unit is where it was. */
  readonly places: Places | undefined;
  readonly changed: boolean;
}

/** Rewrites units[0, length) in place, of which `first` is the first special one; they never get more. */
export function rewrite(units: Uint16Array, length: number, first: number): Rewritten {
  let places: number[] | undefined;
  let changed = false;
  let written = first;
  for (let index = first; index < length; ) {
    const { unit, width } = read(units, index);
    const next = index + width;
    const kept = unit === itself ? index : next;
    if (unit !== itself) {
      changed = true;
      if (unit !== nothing) units[written++] = unit;
      if (unit === nothing || width > 1) {
        places ??= [0, 0, 0];
        if (unit !== nothing) places.push(written - 1, index, width);
        places.push(written, next, 0);
      }
    }
    index = findAny(units, next, length, SPECIAL);
    if (written < kept) units.copyWithin(written, kept, index);
    written += index - kept;
  }
  return { length: written, places, changed };
}

interface Reading {
  readonly unit: number;
  readonly width: number;
}

const asItStands: Reading = { unit: itself, width: 1 };

/** What the piece stands for that begins at `index`, and how many units it has. */
function read(units: Uint16Array, index: number): Reading {
  const code = units[index] as number;
  if (code === BACKSLASH) return readEscape(units, index);
  if (code === PERCENT) {
    const first = units[index + 1] as number;
    return first >= 0x32 && first <= 0x37 ? readHex(units, index, index + 1, 2) : asItStands;
  }
  if (code !== MATHEMATICAL) return { unit: replacements.get(code) ?? itself, width: 1 };
  const low = units[index + 1] as number;
  return low >= 0xdfce && low <= 0xdfff ? { unit: 0x30 + ((low - 0xdfce) % 10), width: 2 } : asItStands;
}

/** Escapes of JSON (however often they were escaped again) and of source code. */
function readEscape(units: Uint16Array, index: number): Reading {
  let at = index + 1;
  while (units[at] === BACKSLASH) at++;
  const letter = units[at] as number;
  if (letter === LETTER_T) return { unit: 0x09, width: at + 1 - index };
  if (lineBreaks.has(letter)) return { unit: 0x0a, width: at + 1 - index };
  const digits = letter === LETTER_U ? 4 : letter === LETTER_X ? 2 : 0;
  const named = digits === 0 ? asItStands : readHex(units, index, at + 1, digits);
  return named === asItStands ? { unit: itself, width: at - index } : named;
}

/** A character by its number, whose `count` hexadecimal digits stand at `from`. */
function readHex(units: Uint16Array, index: number, from: number, count: number): Reading {
  let code = 0;
  for (let at = from; at < from + count; at++) {
    if (!is(units, at, HEX)) return asItStands;
    const digit = units[at] as number;
    code = code * 16 + (digit & 15) + (digit > 0x39 ? 9 : 0);
  }
  return { unit: replacements.get(code) ?? code, width: from + count - index };
}

/** The range before it was rewritten of [start, end), which is not empty. */
export function rangeOf(places: Places, start: number, end: number): readonly [start: number, end: number] {
  return [origin(places, start, false), origin(places, end - 1, true)];
}

function origin(places: Places, position: number, end: boolean): number {
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
