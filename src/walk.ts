import { isUtf8 } from "node:buffer";
import { Refusal } from "./errors.ts";
import { type Body, container, JsonString, type Nested, openBrace, openBracket } from "./json/body.ts";
import { duplicateKey, markOf, otherMarkOf } from "./json/keys.ts";
import { readLike } from "./json/likeness.ts";
import { memberPlace, type Place, type StringClass } from "./json/places.ts";
import { nearEnd, StringScanner } from "./json/scan.ts";
import { isPayload, quote, scalarEnd, spaceEnd } from "./json/text.ts";

const closeBrace = 0x7d;
const closeBracket = 0x5d;
const comma = 0x2c;
const colon = 0x3a;

const depthLimit = 128;
/** Of strings, and of containers. */
const stringLimit = 1_000_000;

function invalid(position: number): never {
  throw new Refusal("invalid_json", { position });
}

function full(): never {
  throw new Refusal("too_many_strings", { limit: stringLimit });
}

/** `spaceEnd`, small enough to be inlined where there is mostly no space. */
const spaced = (bytes: Buffer, at: number): number => ((bytes[at] as number) > 0x20 ? at : spaceEnd(bytes, at));

/** Recursive descent over the grammar of RFC 8259, bounded by the limit of depth. Methods return where what they read ends. */
class Walk implements Body {
  readonly bytes: Buffer;
  readonly outer: JsonString | undefined;
  readonly strings: JsonString[] = [];
  readonly containers: number[] = [];
  readonly nested: Nested[] = [];
  readonly root: number;
  readonly layout: object = {};
  payloads = false;
  readonly #scanner: StringScanner;
  readonly #room: number;
  #depth = 0;
  #duplicate = -1;

  constructor(bytes: Buffer, place: Place, room: number, outer: JsonString | undefined) {
    this.bytes = bytes;
    this.outer = outer;
    this.#room = room;
    this.#scanner = new StringScanner(bytes);
    this.root = spaceEnd(bytes, bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0);
    const end = spaceEnd(bytes, this.#value(this.root, place, -1, 0));
    if (end < bytes.length) invalid(end);
    if (this.#duplicate >= 0) throw new Refusal("duplicate_key", { position: this.#duplicate });
  }

  #value(at: number, place: Place, holder: number, index: number): number {
    const first = this.bytes[at];
    if (first === quote) return this.#string(at, place, holder, index);
    if (first === openBrace) return this.#object(at, place, holder, index);
    if (first === openBracket) return this.#array(at, place, holder, index);
    const end = scalarEnd(this.bytes, at);
    return end < 0 ? invalid(at) : end;
  }

  #contentEnd(start: number): number {
    const near = nearEnd(this.bytes, start);
    if (this.bytes[near] === quote) return near;
    const end = this.#scanner.end(near);
    return end < 0 ? invalid(-1 - end) : end;
  }

  #string(at: number, place: Place, holder: number, index: number): number {
    const start = at + 1;
    const end = this.#contentEnd(start);
    const string = new JsonString(this, start, end, this.#classOf(place, start, end), holder, index);
    const ordinal = this.strings.push(string) - 1;
    if (ordinal >= this.#room) full();
    if (string.class.encoding === "json") this.nested.push({ string, ordinal, place: place.inner });
    return end + 1;
  }

  #classOf(place: Place, start: number, end: number): StringClass {
    if (place.own.kind !== "binary") return place.own;
    this.payloads = true;
    return isPayload(this.bytes, start, end) ? place.own : place.otherwise;
  }

  #object(start: number, place: Place, holder: number, index: number): number {
    const { bytes, strings } = this;
    let at = spaced(bytes, start + 1);
    if (bytes[at] === closeBrace) return at + 1;
    const id = this.#open(start, holder, index);
    let lastKey = -1;
    let marks = 0;
    let otherMarks = 0;
    let doubtful = false;
    for (;;) {
      if (bytes[at] !== quote) invalid(at);
      const { escapes } = this.#scanner;
      const key = new JsonString(this, at + 1, this.#contentEnd(at + 1), place.key, id, lastKey);
      const escaped = this.#scanner.escapes !== escapes;
      const mark = markOf(bytes, key);
      const otherMark = otherMarkOf(bytes, key);
      if (escaped || ((marks & mark) !== 0 && (otherMarks & otherMark) !== 0)) doubtful = true;
      marks |= mark;
      otherMarks |= otherMark;
      lastKey = strings.push(key) - 1;
      if (lastKey >= this.#room) full();
      at = spaced(bytes, key.end + 1);
      if (bytes[at] !== colon) invalid(at);
      const child = place.names === undefined ? place.rest : memberPlace(place, key, escaped);
      at = spaced(bytes, this.#value(spaced(bytes, at + 1), child, id, lastKey));
      if (bytes[at] !== comma) break;
      at = spaced(bytes, at + 1);
    }
    if (bytes[at] !== closeBrace) invalid(at);
    const duplicate = doubtful ? duplicateKey(strings, lastKey) : -1;
    if (duplicate >= 0) this.#duplicate = duplicate;
    return this.#close(id, at + 1, lastKey);
  }

  #array(start: number, place: Place, holder: number, index: number): number {
    const { bytes } = this;
    let at = spaced(bytes, start + 1);
    if (bytes[at] === closeBracket) return at + 1;
    const id = this.#open(start, holder, index);
    for (let item = 0; ; item++) {
      at = spaced(bytes, this.#value(at, place.items, id, item));
      if (bytes[at] !== comma) break;
      at = spaced(bytes, at + 1);
    }
    if (bytes[at] !== closeBracket) invalid(at);
    return this.#close(id, at + 1, -1);
  }

  #open(start: number, holder: number, index: number): number {
    if (++this.#depth > depthLimit) throw new Refusal("too_deep", { limit: depthLimit });
    const length = this.containers.push(start, 0, holder, index, -1);
    if (length > this.#room * container.size) full();
    return length - container.size;
  }

  #close(id: number, end: number, lastKey: number): number {
    this.#depth--;
    this.containers[id + container.end] = end;
    this.containers[id + container.lastKey] = lastKey;
    return end;
  }
}

const visible = /[^ \t\n\r]/;

/** Walks a whole body. @param model another one that was walked from the same place, which this one may be like */
export function walk(bytes: Buffer, place: Place, model?: Body): Body {
  if (!isUtf8(bytes)) throw new Refusal("invalid_encoding");
  return (model && readLike(bytes, model)) ?? new Walk(bytes, place, stringLimit, undefined);
}

/**
 * Walks the JSON object or array that a string holds. `undefined` where its text is no such thing: models write broken JSON too.
 * `count`: so many strings were found already. A lone surrogate of the text counts as U+FFFD, which has the same lengths.
 */
export function walkInside(string: JsonString, place: Place, count: number): Body | undefined {
  const first = string.text[string.text.search(visible)];
  if (first !== "{" && first !== "[") return undefined;
  try {
    return new Walk(Buffer.from(string.text), place, stringLimit - count, string);
  } catch (cause) {
    if (cause instanceof Refusal && cause.code === "invalid_json") return undefined;
    throw cause instanceof Refusal ? new Refusal(cause.code, { position: string.start - 1 }) : cause;
  }
}
