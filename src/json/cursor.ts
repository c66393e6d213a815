import { isAscii } from "node:buffer";
import { backslash, hex, letterU } from "./text.ts";

const codeUnit = (bytes: Uint8Array, at: number): number =>
  (hex(bytes, at + 2) << 12) | (hex(bytes, at + 3) << 8) | (hex(bytes, at + 4) << 4) | hex(bytes, at + 5);

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;
const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000;

/** Does `offset` stand between the two halves of a surrogate pair? */
export const splitsPair = (text: string, offset: number): boolean =>
  isHighSurrogate(text.charCodeAt(offset - 1)) && isLowSurrogate(text.charCodeAt(offset));

const isPlain = (byte: number): boolean => byte < 0x80 && byte !== backslash;

/** Of the character at `at` in the raw content of a JSON string: its raw length times 8, plus its length in UTF-8. */
function lengthsAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at] as number;
  if (isPlain(byte)) return 8 + 1;
  if (byte >= 0xf0) return 4 * 8 + 4;
  if (byte >= 0xe0) return 3 * 8 + 3;
  if (byte >= 0x80) return 2 * 8 + 2;
  if (bytes[at + 1] !== letterU) return 2 * 8 + 1;
  const unit = codeUnit(bytes, at);
  const pair = isHighSurrogate(unit) && bytes[at + 6] === backslash && bytes[at + 7] === letterU;
  if (pair && isLowSurrogate(codeUnit(bytes, at + 6))) return 12 * 8 + 4;
  if (unit < 0x80) return 6 * 8 + 1;
  return 6 * 8 + (unit < 0x800 ? 2 : 3);
}

/**
 * Turns ascending offsets in the decoded text of a JSON string, whose raw content is [start, end), into positions in `bytes`.
 * Offsets count UTF-16 units, or the bytes of the text as UTF-8.
 */
export function createCursor(
  bytes: Buffer,
  start: number,
  end: number,
  unit: "utf16" | "utf8",
): (offset: number) => number {
  const ascii = isAscii(bytes.subarray(start, end));
  let at = start;
  let passed = 0;
  /** Up to here each byte is a character. */
  let plainEnd = start;
  const findPlainEnd = () => {
    const found = ascii ? bytes.indexOf(backslash, at) : at;
    plainEnd = found < 0 ? end : found;
    if (!ascii) while (plainEnd < end && isPlain(bytes[plainEnd] as number)) plainEnd++;
  };
  return (offset) => {
    while (passed < offset) {
      if (at >= plainEnd) findPlainEnd();
      const plain = Math.min(plainEnd - at, offset - passed);
      const lengths = plain > 0 ? 0 : lengthsAt(bytes, at);
      const utf8 = lengths & 7;
      at += plain > 0 ? plain : lengths >> 3;
      passed += plain > 0 ? plain : unit === "utf8" ? utf8 : utf8 === 4 ? 2 : 1;
    }
    if (passed > offset) throw new Error("the offset stands within a character");
    return at;
  };
}
