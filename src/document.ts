import { type Body, JsonString, locate, stringAt, valueEnd } from "./json/body.ts";
import { type Edit, editSplices, insertEdit } from "./json/edits.ts";
import { toSplices } from "./json/patch.ts";
import { type Place, placeOf } from "./json/places.ts";
import { inOrder, type Splice, splice } from "./json/splice.ts";
import { quote, splitsPair } from "./json/text.ts";
import {
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
}

const toBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** In place of each string that holds JSON, the strings in it. */
function withNested(body: Body): readonly JsonString[] {
  const inside = new Map<JsonString, readonly JsonString[]>();
  let count = body.strings.length;
  for (const { string, place } of body.nested) {
    const inner = walkInside(string, place, count);
    if (inner === undefined) continue;
    inside.set(string, inner.strings);
    count += inner.strings.length;
  }
  return inside.size === 0 ? body.strings : body.strings.flatMap((string) => inside.get(string) ?? string);
}

function inPromptOrder(strings: readonly JsonString[]): readonly JsonString[] {
  let section = 0;
  for (const string of strings) {
    if (string.section === sectionOrder[section]) continue;
    const next = sectionOrder.indexOf(string.section);
    if (next < section) return sectionOrder.flatMap((wanted) => strings.filter((each) => each.section === wanted));
    section = next;
  }
  return strings;
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

class JsonDocument implements Document {
  #bytes: Uint8Array;
  #body: Body;
  readonly #place: Place;
  readonly #nested: boolean;
  #slots: readonly JsonString[] | undefined = undefined;
  #edits: Map<JsonString, Edit[]> | undefined = undefined;
  #set = false;

  constructor(bytes: Uint8Array, place: Place, nested: boolean) {
    this.#bytes = bytes;
    this.#place = place;
    this.#nested = nested;
    this.#body = walk(toBuffer(bytes), place);
    if (nested) this.#slots = inPromptOrder(withNested(this.#body));
  }

  get slots(): readonly Slot[] {
    this.#slots ??= inPromptOrder(this.#body.strings);
    return this.#slots;
  }

  get edited(): boolean {
    return this.#set || this.#edits !== undefined;
  }

  get(path: Path): unknown {
    const body = this.#body;
    const start = locate(body, path);
    if (start < 0) return undefined;
    if (this.#edits === undefined && body.bytes[start] === quote) return stringAt(body, start).text;
    const end = valueEnd(body, start);
    const edits = this.#splices(undefined).filter((edit) => edit.start >= start && edit.end <= end);
    const { bytes } = body;
    return JSON.parse(
      edits.length === 0 ? bytes.toString("utf8", start, end) : splice(bytes, edits, start, end).toString(),
    );
  }

  set(path: Path, value: unknown): void {
    if (this.#edits !== undefined)
      throw new Error("a document's structure can be set before its texts are edited only");
    const bytes = splice(this.#body.bytes, toSplices(this.#body, [{ path, value }]));
    this.#body = walk(bytes, this.#place);
    this.#slots = this.#nested ? inPromptOrder(withNested(this.#body)) : undefined;
    this.#bytes = bytes;
    this.#set = true;
  }

  replace(slot: Slot, start: number, end: number, text: string, kind?: EditKind): void {
    if (!(slot instanceof JsonString) || (slot.body.outer ?? slot).body !== this.#body) {
      throw new Error("the slot is not one of this document");
    }
    if (slot.kind !== "text") throw new Error(`a slot of kind ${slot.kind} is never edited`);
    if (!(start >= 0 && start <= end && end <= slot.text.length))
      throw new Error("the range is not within the slot's text");
    if (splitsPair(slot.text, start) || splitsPair(slot.text, end))
      throw new Error("the range splits a surrogate pair");
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
    return this.#edits === undefined ? [] : editSplices(this.#edits, this.#nested, kinds);
  }
}

/**
 * Reads a JSON body once. Throws a `Refusal`: `invalid_encoding`, `invalid_json` and `duplicate_key` (each with the `position` of a
 * byte), `too_deep`, `too_many_strings`. A byte order mark is accepted and kept.
 * @example createDocument(body, dialect.requestRules, { nested: true }).slots.map((slot) => slot.text)
 */
export function createDocument(bytes: Uint8Array, rules: RuleNode, { nested = false }: DocumentOptions = {}): Document {
  return new JsonDocument(bytes, placeOf(rules), nested);
}
