import type { JsonString } from "./body.ts";
import { backslash } from "./text.ts";

/** Up to so many keys of an object are compared pairwise. */
const fewKeys = 16;

function equal(bytes: Buffer, a: JsonString, b: JsonString): boolean {
  const size = a.end - a.start;
  if (b.end - b.start !== size) return false;
  for (let i = 0; i < size; i++) if (bytes[a.start + i] !== bytes[b.start + i]) return false;
  return true;
}

const keyAt = (strings: readonly JsonString[], ordinal: number): JsonString => strings[ordinal] as JsonString;

/** Where a key stands that the object has once more behind it; -1 where none does. `plain`: they are without escapes. */
export function duplicateKey(strings: readonly JsonString[], lastKey: number, count: number, plain: boolean): number {
  if (!plain || count > fewKeys) return duplicateText(strings, lastKey);
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
