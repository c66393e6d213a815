import type { Path, Slot } from "../slot.ts";
import type { Place, StringClass } from "./places.ts";
import { decode } from "./text.ts";

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

export const numberOf = (body: Body, id: number, field: number): number => body.containers[id + field] as number;

function pathOf(body: Body, innermost: number, place: number): Path {
  const path: (string | number)[] = [];
  let index = place;
  for (let id = innermost; id >= 0; id = numberOf(body, id, container.holder)) {
    path.push(numberOf(body, id, container.lastKey) < 0 ? index : (body.strings[index] as JsonString).text);
    index = numberOf(body, id, container.index);
  }
  return path.reverse();
}
