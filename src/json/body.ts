import type { Path, Slot } from "../slot.ts";
import { isNamed } from "./keys.ts";
import type { Place, StringClass } from "./places.ts";
import { decode, quote, scalarEnd, spaceEnd } from "./text.ts";

export const openBrace = 0x7b;
export const openBracket = 0x5b;

/** What a walk found in one JSON text. */
export interface Body {
  /** The bytes of the whole text, valid UTF-8. */
  readonly bytes: Buffer;
  /** The string that holds this text, for JSON in a string. */
  readonly outer: JsonString | undefined;
  /** In the order of the text, keys included. */
  readonly strings: readonly JsonString[];
  /** Containers that are not empty, in the order of the text; five numbers each (see `start` and so on), since objects cost thrice the memory. */
  readonly containers: readonly number[];
  /** Strings whose class says that they hold JSON. */
  readonly nested: readonly Nested[];
  /** Where the value begins. */
  readonly root: number;
  /** The same object for texts that differ in the contents of their strings alone, where that was noticed. */
  readonly layout: object;
  /** The content of some strings decides their class. */
  readonly payloads: boolean;
}

export interface Nested {
  readonly string: JsonString;
  /** Of the string in `strings`. */
  readonly ordinal: number;
  /** The place of the JSON's root. */
  readonly place: Place;
}

/** Numbers of a container, counted from its id, which is its place in `containers`. */
export const container = {
  start: 0,
  end: 1,
  /** The container around it, or -1. */
  holder: 2,
  /** In an array its index there, as a member's value the ordinal of its key. */
  index: 3,
  /** The ordinal of an object's last key; -1 in an array. */
  lastKey: 4,
  size: 5,
} as const;

/** A string of a body. Its content, without the quotes, is [start, end) in `body.bytes`. */
export class JsonString implements Slot {
  readonly body: Body;
  readonly start: number;
  readonly end: number;
  readonly class: StringClass;
  /** The container it stands in, or -1. */
  readonly holder: number;
  /** In an array its index; as a member's value the ordinal of its key; of a key the ordinal of the key before it, or -1. */
  readonly index: number;
  #text: string | undefined = undefined;

  constructor(body: Body, start: number, end: number, stringClass: StringClass, holder: number, index: number) {
    this.body = body;
    this.start = start;
    this.end = end;
    this.class = stringClass;
    this.holder = holder;
    this.index = index;
  }

  get kind(): Slot["kind"] {
    return this.class.kind;
  }
  get section(): Slot["section"] {
    return this.class.section;
  }
  get encoding(): Slot["encoding"] {
    return this.body.outer ? "json" : this.class.encoding;
  }
  get size(): number {
    return this.end - this.start;
  }
  get text(): string {
    this.#text ??= decode(this.body.bytes, this.start, this.end);
    return this.#text;
  }
  /** A key's path is that of its value. */
  get path(): Path {
    const { body, holder } = this;
    const path =
      this.kind === "key"
        ? [
            ...pathOf(body, numberOf(body, holder, container.holder), numberOf(body, holder, container.index)),
            this.text,
          ]
        : pathOf(body, holder, this.index);
    return body.outer ? [...body.outer.path, ...path] : path;
  }
}

const numberOf = (body: Body, id: number, field: number): number => body.containers[id + field] as number;

function pathOf(body: Body, innermost: number, place: number): Path {
  const path: (string | number)[] = [];
  let index = place;
  for (let id = innermost; id >= 0; id = numberOf(body, id, container.holder)) {
    path.push(numberOf(body, id, container.lastKey) < 0 ? index : (body.strings[index] as JsonString).text);
    index = numberOf(body, id, container.index);
  }
  return path.reverse();
}

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
