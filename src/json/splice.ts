/** `text` in place of [start, end) of the bytes. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export const inOrder = (a: Splice, b: Splice): number => a.start - b.start || a.end - b.end;

/** Up to so many bytes are copied one by one: a native call costs more. */
const shortPiece = 64;

function copy(bytes: Buffer, from: number, to: number, made: Buffer, at: number): number {
  if (to - from > shortPiece) return bytes.copy(made, at, from, to);
  for (let i = from; i < to; i++) made[at + i - from] = bytes[i] as number;
  return to - from;
}

/** The bytes [from, to) with splices made, which ascend and are disjoint. One allocation; what is not replaced is copied as it is. */
export function splice(bytes: Buffer, splices: readonly Splice[], from = 0, to = bytes.length): Buffer {
  let size = to - from;
  for (const { start, end, text } of splices) size += Buffer.byteLength(text) - (end - start);
  const made = Buffer.allocUnsafe(size);
  let read = from;
  let written = 0;
  for (const { start, end, text } of splices) {
    written += copy(bytes, read, start, made, written);
    written += made.write(text, written);
    read = end;
  }
  copy(bytes, read, to, made, written);
  return made;
}
