export const quote = 0x22;
export const backslash = 0x5c;
export const letterU = 0x75;

/** The text of the JSON string whose content stands in [start, end). A lone surrogate that is escaped stays one. */
export function decode(bytes: Buffer, start: number, end: number): string {
  const raw = bytes.toString("utf8", start, end);
  return raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
}

const needsEscape = /["\\\p{Cc}\p{Cs}]/u;

/** Text as the content of a JSON string, escaped `levels` times; a lone surrogate has no UTF-8, so it becomes an escape. */
export function escapeText(text: string, levels: number): string {
  let escaped = text;
  for (let level = 0; level < levels && needsEscape.test(escaped); level++) {
    escaped = JSON.stringify(escaped).slice(1, -1);
  }
  return escaped;
}

/** The end of the white space that begins at `from`, if any does. */
export function spaceEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    at++;
  }
  return at;
}

/** The bytes as 32-bit words, for `hasControl`; `lead` bytes stand before the first aligned one. */
export interface Words {
  readonly words: Int32Array;
  readonly lead: number;
}

export function wordsOf(bytes: Uint8Array): Words {
  const lead = -bytes.byteOffset & 3;
  const count = Math.max(0, bytes.length - lead) >> 2;
  return { words: new Int32Array(bytes.buffer, count === 0 ? 0 : bytes.byteOffset + lead, count), lead };
}

function hasControlByte(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if ((bytes[at] as number) < 0x20) return true;
  return false;
}

/** Is a byte below 0x20 in [from, to)? Sixteen at a time: `(x - 0x20…) & ~x` sets a top bit where, and only where, a word has one. */
export function hasControl(bytes: Uint8Array, { words, lead }: Words, from: number, to: number): boolean {
  let word = Math.max(0, (from - lead + 3) >> 2);
  const last = ((to - lead) >> 2) - 4;
  if (word > last) return hasControlByte(bytes, from, to);
  const first = word * 4 + lead;
  let found = 0;
  for (; word <= last; word += 4) {
    const a = words[word] as number;
    const b = words[word + 1] as number;
    const c = words[word + 2] as number;
    const d = words[word + 3] as number;
    found |= ((a - 0x20202020) & ~a) | ((b - 0x20202020) & ~b) | ((c - 0x20202020) & ~c) | ((d - 0x20202020) & ~d);
  }
  if ((found & 0x80808080) !== 0) return true;
  return hasControlByte(bytes, from, first) || hasControlByte(bytes, word * 4 + lead, to);
}

/** Values of hex digits by their byte; above 15: it is none. */
const hexValues = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(value) ? 0xff : value;
});
/** The value of the hex digit at `at`. */
export const hex = (bytes: Uint8Array, at: number): number => hexValues[bytes[at] as number] as number;

/** Lengths of escapes by the letter behind the backslash. */
const escapeLengths = new Uint8Array(256);
for (const letter of '"\\/bfnrt') escapeLengths[letter.charCodeAt(0)] = 2;
escapeLengths[letterU] = 6;

/** Length of the escape whose backslash stands at `at`; 0 where it is none. */
export function escapeLength(bytes: Uint8Array, at: number): number {
  const length = at + 1 < bytes.length ? (escapeLengths[bytes[at + 1] as number] as number) : 0;
  if (length !== 6) return length;
  if (at + 6 > bytes.length) return 0;
  return (hex(bytes, at + 2) | hex(bytes, at + 3) | hex(bytes, at + 4) | hex(bytes, at + 5)) > 15 ? 0 : 6;
}

const minimalPayload = 128;
const dataHead = /data:[\w.+-]{1,127}\/[\w.+-]{1,127}(?:;[\w.+-]{1,127}=[\w.+-]{1,127}){0,4};base64,/iy;
const standard = /[A-Za-z0-9+/\r\n]*/y;
const urlSafe = /[A-Za-z0-9_\r\n-]*/y;
const padding = /={0,2}/y;
const newlines = /[\r\n]*/y;

/** Where a sticky pattern that was tried at `from` ends; `from` where it does not match. */
function matchEnd(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : from;
}

/**
 * Is the string's text a base64 payload of at least 128 characters, bare or as a `data:` URL? One greedy class is matched at a time,
 * so that it stays linear.
 */
export function isPayload(bytes: Buffer, from: number, to: number): boolean {
  if (to - from < minimalPayload) return false;
  const text = decode(bytes, from, to);
  const start = matchEnd(dataHead, text, 0);
  const end = Math.max(matchEnd(standard, text, start), matchEnd(urlSafe, text, start));
  if (end - start < minimalPayload) return false;
  return matchEnd(newlines, text, matchEnd(padding, text, end)) === text.length;
}

function digitsEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && (bytes[at] as number) >= 0x30 && (bytes[at] as number) <= 0x39) at++;
  return at === from ? -1 : at;
}

function numberEnd(bytes: Uint8Array, from: number): number {
  let at = bytes[from] === 0x2d ? from + 1 : from;
  at = bytes[at] === 0x30 ? at + 1 : digitsEnd(bytes, at);
  if (at > 0 && bytes[at] === 0x2e) at = digitsEnd(bytes, at + 1);
  if (at < 0 || ((bytes[at] as number) | 0x20) !== 0x65) return at;
  const signed = bytes[at + 1] === 0x2b || bytes[at + 1] === 0x2d;
  return digitsEnd(bytes, signed ? at + 2 : at + 1);
}

const literals = new Map(["true", "false", "null"].map((word) => [word.charCodeAt(0), Buffer.from(word)]));

/** The end of the number, `true`, `false` or `null` at `at`; -1 where there is none. */
export function scalarEnd(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x61) return numberEnd(bytes, at);
  const word = literals.get(first);
  if (word === undefined) return -1;
  for (let i = 1; i < word.length; i++) if (bytes[at + i] !== word[i]) return -1;
  return at + word.length;
}
