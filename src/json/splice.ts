/** `text` in place of [start, end) of the bytes. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export const inOrder = (a: Splice, b: Splice): number => a.start - b.start || a.end - b.end;

/** The bytes [from, to) with splices made, which ascend and are disjoint. One allocation; what is not replaced is copied as it is. */
export function splice(bytes: Buffer, splices: readonly Splice[], from = 0, to = bytes.length): Buffer {
  let size = to - from;
  for (const { start, end, text } of splices) size += Buffer.byteLength(text) - (end - start);
  const made = Buffer.allocUnsafe(size);
  let read = from;
  let written = 0;
  for (const { start, end, text } of splices) {
    written += bytes.copy(made, written, read, start);
    written += made.write(text, written);
    read = end;
  }
  bytes.copy(made, written, read, to);
  return made;
}
