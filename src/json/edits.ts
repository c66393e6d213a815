import type { EditKind } from "../slot.ts";
import type { JsonString } from "./body.ts";
import { createCursor } from "./cursor.ts";
import { inOrder, type Splice } from "./splice.ts";
import { escapeText } from "./text.ts";

/** UTF-16 range [start, end) of a string's text, and what to put there. */
export interface Edit extends Splice {
  readonly kind: EditKind | undefined;
}

/** Puts an edit among those of its string, which are in order. Throws an `Error` where two overlap. */
export function insertEdit(edits: Edit[], edit: Edit): void {
  let low = 0;
  let high = edits.length;
  if (high > 0 && inOrder(edits[high - 1] as Edit, edit) <= 0) low = high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (inOrder(edits[middle] as Edit, edit) <= 0) low = middle + 1;
    else high = middle;
  }
  const before = edits[low - 1];
  const after = edits[low];
  if ((before && before.end > edit.start) || (after && after.start < edit.end)) throw new Error("two edits overlap");
  edits.splice(low, 0, edit);
}

/** How often text is escaped that is put into a string. */
const levelsOf = (string: JsonString, nested: boolean): number =>
  string.body.outer || (nested && string.encoding === "json") ? 2 : 1;

/** Edits of a string as splices of its body's bytes. */
function addSplices(string: JsonString, edits: Iterable<Edit>, levels: number, splices: Splice[]): void {
  const { body, start: from } = string;
  const plain = string.text.length === string.size;
  const locate = plain ? (offset: number) => from + offset : createCursor(body.bytes, from, string.end, "utf16");
  for (const { start, end, text } of edits) {
    splices.push({ start: locate(start), end: locate(end), text: escapeText(text, levels) });
  }
}

/** Splices of JSON in a string as splices of the bytes around it. */
function addInner(outer: JsonString, inner: Splice[], splices: Splice[]): void {
  const locate = createCursor(outer.body.bytes, outer.start, outer.end, "utf8");
  for (const { start, end, text } of inner.sort(inOrder))
    splices.push({ start: locate(start), end: locate(end), text });
}

/**
 * Edits as splices of the outermost bytes, in order. `nested`: JSON in strings was walked, so a text for it is not yet escaped.
 * `kinds`: only those, and edits without a kind.
 */
export function editSplices(
  edits: ReadonlyMap<JsonString, readonly Edit[]>,
  nested: boolean,
  kinds: ReadonlySet<EditKind> | undefined,
): Splice[] {
  const splices: Splice[] = [];
  /** By the string around them, since one cursor has to find them all: a cursor for each would be quadratic. */
  const inner = new Map<JsonString, Splice[]>();
  for (const [string, all] of edits) {
    const made = kinds === undefined ? all : all.filter(({ kind }) => kind === undefined || kinds.has(kind));
    if (made.length === 0) continue;
    const { outer } = string.body;
    const found = outer ? (inner.get(outer) ?? []) : splices;
    if (outer) inner.set(outer, found);
    addSplices(string, made, levelsOf(string, nested), found);
  }
  for (const [outer, found] of inner) addInner(outer, found, splices);
  return splices.sort(inOrder);
}
