import type { Path } from "../slot.ts";
import { type Body, container, type JsonString, numberOf, openBrace, openBracket } from "./body.ts";
import { isNamed } from "./keys.ts";
import { quote, scalarEnd, spaceEnd } from "./text.ts";

/** The first of `count` items, which ascend, that is not below `wanted`. */
function search(count: number, wanted: number, item: (index: number) => number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (item(middle) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The id of the container that begins at `at`; -1 where none does, or an empty one. */
export function containerAt(body: Body, at: number): number {
  const { containers } = body;
  const id =
    container.size * search(containers.length / container.size, at, (i) => containers[i * container.size] as number);
  return containers[id] === at ? id : -1;
}

/** The string whose opening quote stands at `at`. */
export function stringAt({ strings }: Body, at: number): JsonString {
  return strings[search(strings.length, at, (i) => (strings[i] as JsonString).start)] as JsonString;
}

/** The end of the value that begins at `at`. */
export function valueEnd(body: Body, at: number): number {
  const { bytes } = body;
  const first = bytes[at];
  if (first === quote) return stringAt(body, at).end + 1;
  if (first !== openBrace && first !== openBracket) return scalarEnd(bytes, at);
  const id = containerAt(body, at);
  return id < 0 ? spaceEnd(bytes, at + 1) + 1 : numberOf(body, id, container.end);
}

/** Where the value of the member, or the item, of the container `id` begins; -1 where there is none. */
export function childAt(body: Body, id: number, name: string | number): number {
  const { bytes, strings } = body;
  let ordinal = numberOf(body, id, container.lastKey);
  if (typeof name === "number") return ordinal < 0 && name >= 0 ? itemAt(body, id, name) : -1;
  while (ordinal >= 0) {
    const key = strings[ordinal] as JsonString;
    if (isNamed(key, name)) return spaceEnd(bytes, spaceEnd(bytes, key.end + 1) + 1);
    ordinal = key.index;
  }
  return -1;
}

/** Where these stand. */
export interface Member {
  readonly start: number;
  readonly value: number;
  readonly end: number;
}

/** Of the object `id`, in the order of the text. */
export function membersOf(body: Body, id: number): readonly Member[] {
  const { bytes, strings } = body;
  const members: Member[] = [];
  for (let ordinal = numberOf(body, id, container.lastKey); ordinal >= 0; ) {
    const key = strings[ordinal] as JsonString;
    const value = spaceEnd(bytes, spaceEnd(bytes, key.end + 1) + 1);
    members.push({ start: key.start - 1, value, end: valueEnd(body, value) });
    ordinal = key.index;
  }
  return members.reverse();
}

function itemAt(body: Body, id: number, index: number): number {
  const { bytes } = body;
  const last = numberOf(body, id, container.end) - 1;
  let at = spaceEnd(bytes, numberOf(body, id, container.start) + 1);
  for (let item = 0; item < index; item++) {
    const comma = spaceEnd(bytes, valueEnd(body, at));
    if (comma === last) return -1;
    at = spaceEnd(bytes, comma + 1);
  }
  return at;
}

/** Where the value at a path begins; -1 where there is none. */
export function locate(body: Body, path: Path): number {
  let at = body.root;
  for (const name of path) {
    const id = containerAt(body, at);
    if (id < 0) return -1;
    at = childAt(body, id, name);
    if (at < 0) return -1;
  }
  return at;
}
