import { noBytes } from "../http.ts";
import type { SseEvent } from "./sse.ts";

export const lineFeed = 10;
export const carriageReturn = 13;
const space = 32;
const colon = 58;
const dataField = Buffer.from("data");
const eventField = Buffer.from("event");

/** Buffer's `indexOf` on any bytes, infinite where there is none: Node 20 takes 12 ns for 200 bytes, 75 with that of `Uint8Array`. */
export function indexOf(bytes: Uint8Array, byte: number, from: number): number {
  const index = Buffer.prototype.indexOf.call(bytes, byte, from);
  return index < 0 ? Number.POSITIVE_INFINITY : index;
}

export function startsWith(bytes: Uint8Array, prefix: Uint8Array, at = 0, end = bytes.length): boolean {
  if (end - at < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[at + i] !== prefix[i]) return false;
  return true;
}

/** Where the value begins if the line [start, end) is of this field; -1 if it is not. */
function valueAt(block: Uint8Array, field: Uint8Array, start: number, end: number): number {
  if (!startsWith(block, field, start, end)) return -1;
  const after = start + field.length;
  if (after === end) return end;
  if (block[after] !== colon) return -1;
  return block[after + 1] === space ? after + 2 : after + 1;
}

/** Streams say few names over and over, so the last one is compared before it is decoded: 30 ns against 200. */
export interface LastName {
  bytes: Uint8Array;
  text: string | undefined;
}

function nameOf(block: Uint8Array, start: number, end: number, last: LastName): string | undefined {
  if (end - start === last.bytes.length && startsWith(block, last.bytes, start, end)) return last.text;
  const bytes = Buffer.from(block.subarray(start, end));
  last.bytes = bytes;
  last.text = bytes.length === 0 ? undefined : bytes.toString();
  return last.text;
}

function joinLines(lines: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(lines.reduce((sum, line) => sum + line.length + 1, -1));
  let at = 0;
  for (const line of lines) {
    if (at > 0) joined[at - 1] = lineFeed;
    joined.set(line, at);
    at += line.length + 1;
  }
  return joined;
}

/** Reads a block whose lines are known: pairs of start and end, without their line ends. */
export function readEvent(block: Uint8Array, lines: readonly number[], complete: boolean, last: LastName): SseEvent {
  let name: string | undefined;
  let data: Uint8Array | undefined;
  let several: Uint8Array[] | undefined;
  for (let i = 0; i < lines.length; i += 2) {
    const start = lines[i] as number;
    const end = lines[i + 1] as number;
    const value = valueAt(block, dataField, start, end);
    if (value >= 0) {
      const line = block.subarray(value, end);
      if (several) several.push(line);
      else if (data) several = [data, line];
      else data = line;
      continue;
    }
    const named = valueAt(block, eventField, start, end);
    if (named >= 0) name = nameOf(block, named, end, last);
  }
  return {
    original: block,
    name,
    data: several ? joinLines(several) : (data ?? noBytes),
    hasData: data !== undefined,
    complete,
  };
}
