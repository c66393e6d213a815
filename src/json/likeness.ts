import { type Body, container, JsonString, type Nested } from "./body.ts";
import { nearEnd, StringScanner } from "./scan.ts";
import { quote } from "./text.ts";

/** Where the content of a string that differs ends in the model, and how much further what follows it stands; two numbers each, ascending. */
type Shifts = readonly number[];

const noNested: readonly Nested[] = [];

/**
 * Reads a text that differs from one that was walked in the contents of its values' strings alone, as the events of a stream do: the grammar
 * is not read again. `undefined`: it differs in more, or is no JSON. What strings hold that are JSON themselves is not kept.
 * @param bytes valid UTF-8
 */
export function readLike(bytes: Buffer, model: Body): Body | undefined {
  const shifts = model.payloads ? undefined : shiftsOf(bytes, model);
  if (shifts === undefined) return undefined;
  const strings: JsonString[] = [];
  const { root, layout } = model;
  const containers = shiftedContainers(model.containers, shifts);
  const body: Body = { bytes, outer: undefined, strings, containers, nested: noNested, root, layout, payloads: false };
  addShifted(strings, body, model.strings, shifts);
  return body;
}

function shiftsOf(bytes: Buffer, { bytes: old, strings }: Body): Shifts | undefined {
  const shifts: number[] = [];
  let shift = 0;
  let ordinal = 0;
  for (let at = 0; ; ) {
    const difference = firstDifference(old, bytes, at, shift);
    if (difference === old.length) return bytes.length === old.length + shift ? shifts : undefined;
    while (ordinal < strings.length && (strings[ordinal] as JsonString).end < difference) ordinal++;
    const string = strings[ordinal];
    if (string === undefined || string.kind === "key" || difference < string.start) return undefined;
    const end = contentEnd(bytes, string.start + shift);
    if (end < 0) return undefined;
    at = string.end;
    shift = end - at;
    shifts.push(at, shift);
  }
}

/** The first place from `from` on where `old` is not what `bytes` is so much further on; its length: there is none. */
function firstDifference(old: Buffer, bytes: Buffer, from: number, shift: number): number {
  const limit = Math.min(old.length, bytes.length - shift);
  let at = from;
  while (at < limit && old[at] === bytes[at + shift]) at++;
  return at;
}

function contentEnd(bytes: Buffer, start: number): number {
  const near = nearEnd(bytes, start);
  return bytes[near] === quote ? near : new StringScanner(bytes).end(near);
}

function addShifted(to: JsonString[], body: Body, from: readonly JsonString[], shifts: Shifts): void {
  let shift = 0;
  let next = 0;
  for (const { start, end, class: own, holder, index } of from) {
    const before = shift;
    if (shifts[next] === end) {
      shift = shifts[next + 1] as number;
      next += 2;
    }
    to.push(new JsonString(body, start + before, end + shift, own, holder, index));
  }
}

function shiftedContainers(from: readonly number[], shifts: Shifts): readonly number[] {
  if (shifts.length === 0) return from;
  const all = from.slice();
  for (let id = 0; id < all.length; id += container.size) {
    all[id + container.start] = shifted(all[id + container.start] as number, shifts);
    all[id + container.end] = shifted(all[id + container.end] as number, shifts);
  }
  return all;
}

function shifted(at: number, shifts: Shifts): number {
  let shift = 0;
  for (let next = 0; next < shifts.length && (shifts[next] as number) < at; next += 2)
    shift = shifts[next + 1] as number;
  return at + shift;
}
