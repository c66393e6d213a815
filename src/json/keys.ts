import type { JsonString } from "./body.ts";
import { backslash } from "./text.ts";

/** Up to so many keys of an object are compared pairwise. */
const fewKeys = 16;

/**
 * One of 32 bits by a key's size and first byte, and one by other bytes of it. Two plain keys that differ in either are not equal,
 * which spares most objects the comparison. An empty key has quotes for its edges.
 */
export const markOf = (bytes: Buffer, { start, end }: JsonString): number =>
  1 << ((bytes[start] as number) + end - start);
export const otherMarkOf = (bytes: Buffer, { start, end }: JsonString): number =>
  1 << ((bytes[end - 1] as number) + 3 * (bytes[(start + end) >> 1] as number));

const keyAt = (strings: readonly JsonString[], ordinal: number): JsonString => strings[ordinal] as JsonString;

function equal(bytes: Buffer, a: JsonString, b: JsonString): boolean {
  const size = a.end - a.start;
  if (b.end - b.start !== size) return false;
  for (let i = 0; i < size; i++) if (bytes[a.start + i] !== bytes[b.start + i]) return false;
  return true;
}

/** Few, and without escapes, so that equal keys are equal bytes? */
function comparable(strings: readonly JsonString[], lastKey: number): boolean {
  let count = 0;
  for (let i = lastKey; i >= 0; i = keyAt(strings, i).index) {
    const { body, start, end } = keyAt(strings, i);
    if (++count > fewKeys) return false;
    for (let at = start; at < end; at++) if (body.bytes[at] === backslash) return false;
  }
  return true;
}

/** Where a key of an object stands that stands in it once more; -1 where none does. */
export function duplicateKey(strings: readonly JsonString[], lastKey: number): number {
  if (!comparable(strings, lastKey)) return duplicateText(strings, lastKey);
  const { bytes } = keyAt(strings, lastKey).body;
  for (let i = lastKey; i >= 0; i = keyAt(strings, i).index) {
    const key = keyAt(strings, i);
    for (let j = key.index; j >= 0; j = keyAt(strings, j).index) {
      const before = keyAt(strings, j);
      if (equal(bytes, key, before)) return before.start - 1;
    }
  }
  return -1;
}

function duplicateText(strings: readonly JsonString[], lastKey: number): number {
  const seen = new Set<string>();
  for (let i = lastKey; i >= 0; i = keyAt(strings, i).index) {
    const { text, start } = keyAt(strings, i);
    if (seen.has(text)) return start - 1;
    seen.add(text);
  }
  return -1;
}

/** Is this the key's text? Mostly decided by its first byte. */
export function isNamed(key: JsonString, name: string): boolean {
  const { bytes } = key.body;
  const { start, end } = key;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte === backslash || byte >= 0x80) return key.text === name;
    if (byte !== name.charCodeAt(at - start)) return false;
  }
  return end - start === name.length;
}
