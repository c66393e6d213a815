import { type Body, JsonString } from "./json/body.ts";
import { splitsPair } from "./json/cursor.ts";
import { type Edit, editSplices, insertEdit } from "./json/edits.ts";
import { additionSplices } from "./json/items.ts";
import { locate, stringAt, valueEnd } from "./json/lookup.ts";
import { toSplices } from "./json/patch.ts";
import { type Place, placeOf } from "./json/places.ts";
import { inOrder, type Splice, splice } from "./json/splice.ts";
import { quote } from "./json/text.ts";
import {
  type Change,
  type Document,
  type EditKind,
  type Path,
  type Rendering,
  type RuleNode,
  type Slot,
  sectionOrder,
} from "./slot.ts";
import { walk, walkInside } from "./walk.ts";

export interface DocumentOptions {
  /** Strings that hold JSON, such as a request's tool-call arguments, are walked too. For bodies whose strings are whole. */
  readonly nested?: boolean;
  /** The last document of the same stream and rules: one that is like it is read faster. Not with `nested`. */
  readonly like?: Document | undefined;
}

const toBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** In place of each string that holds JSON, the strings in it. */
function withNested(body: Body): readonly JsonString[] {
  const { strings } = body;
  const all: JsonString[] = [];
  let taken = 0;
  let count = strings.length;
  for (const { string, ordinal, place } of body.nested) {
    const inner = walkInside(string, place, count);
    if (inner === undefined) continue;
    count += inner.strings.length;
    for (; taken < ordinal; taken++) all.push(strings[taken] as JsonString);
    for (const each of inner.strings) all.push(each);
    taken++;
  }
  if (taken === 0) return strings;
  for (; taken < strings.length; taken++) all.push(strings[taken] as JsonString);
  return all;
}

const rankOf = (string: JsonString): number => sectionOrder.indexOf(string.section);

function inPromptOrder(strings: readonly JsonString[]): readonly JsonString[] {
  let last = 0;
  for (const string of strings) {
    const rank = rankOf(string);
    if (rank < last) return bySection(strings);
    last = rank;
  }
  return strings;
}

function bySection(strings: readonly JsonString[]): readonly JsonString[] {
  const sections = sectionOrder.map((): JsonString[] => []);
  for (const string of strings) sections[rankOf(string)]?.push(string);
  return ([] as JsonString[]).concat(...sections);
}

/** What both hold, in order. An edit within a value that is set gives way. */
function combined(edits: Splice[], settings: Splice[]): Splice[] {
  if (settings.length === 0) return edits;
  let end = 0;
  return [...edits, ...settings].sort(inOrder).filter((each) => {
    const kept = each.start >= end;
    if (kept) end = each.end;
    return kept;
  });
}

/** By their first letters. */
const literals = new Map([true, false, null].map((value) => [String(value).charCodeAt(0), value]));

/** A number ends before a comma, a bracket, white space, or with the text. */
const isEndOfNumber = (byte: number | undefined): boolean =>
  byte === undefined || byte === 0x2c || byte === 0x7d || byte === 0x5d || byte <= 0x20;

class JsonDocument implements Document {
  readonly #place: Place;
  readonly #nested: boolean;
  #bytes: Uint8Array;
  #body: Body;
  #slots: readonly JsonString[] | undefined;
  #edits: Map<JsonString, Edit[]> | undefined = undefined;
  /** All edits as splices, from when they were last asked for until the next one. */
  #made: Splice[] | undefined = undefined;
  #set = false;

  constructor(bytes: Uint8Array, place: Place, nested: boolean, like?: Document) {
    this.#place = place;
    this.#nested = nested;
    this.#bytes = bytes;
    const model = !nested && like instanceof JsonDocument && like.#place === place ? like.#body : undefined;
    this.#body = walk(toBuffer(bytes), place, model);
    this.#slots = nested ? inPromptOrder(withNested(this.#body)) : undefined;
  }

  get slots(): readonly Slot[] {
    return this.#slots ?? this.#body.strings;
  }

  get layout(): object {
    return this.#body.layout;
  }

  get edited(): boolean {
    return this.#set || this.#edits !== undefined;
  }

  get(path: Path): unknown {
    const body = this.#body;
    const start = locate(body, path);
    if (start < 0) return undefined;
    const first = body.bytes[start] as number;
    const literal = literals.get(first);
    if (literal !== undefined) return literal;
    if (this.#edits === undefined && first === quote) return stringAt(body, start).text;
    const digit = first - 0x30;
    if (digit >= 0 && digit <= 9 && isEndOfNumber(body.bytes[start + 1])) return digit;
    const end = valueEnd(body, start);
    const edits = this.#splices(undefined).filter((edit) => edit.start >= start && edit.end <= end);
    const { bytes } = body;
    return JSON.parse(
      edits.length === 0 ? bytes.toString("utf8", start, end) : splice(bytes, edits, start, end).toString(),
    );
  }

  set(path: Path, value: unknown): void {
    this.change([{ path, value }]);
  }

  change(changes: readonly Change[]): void {
    if (this.#edits !== undefined) throw new Error("structure is set before texts are edited, not after");
    const settings = changes.filter((change) => "value" in change);
    const splices = changes.flatMap((change) => ("value" in change ? [] : additionSplices(this.#body, change)));
    const bytes = splice(this.#body.bytes, [...toSplices(this.#body, settings), ...splices].sort(inOrder));
    const body = walk(bytes, this.#place);
    this.#slots = this.#nested ? inPromptOrder(withNested(body)) : undefined;
    this.#body = body;
    this.#bytes = bytes;
    this.#set = true;
  }

  replace(slot: Slot, start: number, end: number, text: string, kind?: EditKind): void {
    if (!(slot instanceof JsonString) || (slot.body.outer ?? slot).body !== this.#body) {
      throw new Error("the slot is not one of this document");
    }
    if (slot.kind !== "text") throw new Error(`a slot of kind ${slot.kind} is never edited`);
    const { text: before } = slot;
    if (!(start >= 0 && start <= end && end <= before.length)) throw new Error("the range is not within the text");
    if (splitsPair(before, start) || splitsPair(before, end)) throw new Error("the range splits a surrogate pair");
    this.#made = undefined;
    this.#edits ??= new Map();
    const edits = this.#edits.get(slot) ?? [];
    insertEdit(edits, { start, end, text, kind });
    this.#edits.set(slot, edits);
  }

  render({ kinds, sets = [] }: Rendering = {}): Uint8Array {
    const splices = combined(this.#splices(kinds), toSplices(this.#body, sets));
    return splices.length === 0 ? this.#bytes : splice(this.#body.bytes, splices);
  }

  #splices(kinds: ReadonlySet<EditKind> | undefined): Splice[] {
    if (this.#edits === undefined) return [];
    if (kinds !== undefined) return editSplices(this.#edits, this.#nested, kinds);
    this.#made ??= editSplices(this.#edits, this.#nested, undefined);
    return this.#made;
  }
}

/**
 * Reads a JSON body once. Throws a `Refusal`: `invalid_encoding`, `invalid_json` and `duplicate_key` (each with the `position` of a
 * byte), `too_deep`, `too_many_strings`. A byte order mark is accepted and kept.
 * @example createDocument(body, dialect.requestRules, { nested: true }).slots.map((slot) => slot.text)
 */
export function createDocument(
  bytes: Uint8Array,
  rules: RuleNode,
  { nested = false, like }: DocumentOptions = {},
): Document {
  return new JsonDocument(bytes, placeOf(rules), nested, like);
}
