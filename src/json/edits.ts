import type { EditKind } from "../slot.ts";
import type { JsonString } from "./body.ts";
import { inOrder, type Splice } from "./splice.ts";
import { createCursor, escapeText } from "./text.ts";

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

/** Ranges of a string's text as ranges of its body's bytes. `plain`: a byte each, so that nothing needs to be counted. */
function mapped(string: JsonString, ranges: readonly Splice[], unit: "utf16" | "utf8", plain: boolean): Splice[] {
  const { body, start } = string;
  const locate = plain ? (offset: number) => start + offset : createCursor(body.bytes, start, unit);
  return ranges.map((range) => ({ start: locate(range.start), end: locate(range.end), text: range.text }));
}

/** How often text is escaped that is put into a string. */
const levelsOf = (string: JsonString, nested: boolean): number =>
  string.body.outer || (nested && string.encoding === "json") ? 2 : 1;

/**
 * Edits as splices of the outermost bytes, in order. `nested`: JSON in strings was walked, so a text for it is not yet escaped.
 * `kinds`: only those, and edits without a kind.
 */
export function editSplices(
  edits: ReadonlyMap<JsonString, readonly Edit[]>,
  nested: boolean,
  kinds: ReadonlySet<EditKind> | undefined,
): Splice[] {
  /** By the string that holds them, since one cursor has to find them all: one for each would be quadratic. */
  const ranges = new Map<JsonString | undefined, Splice[]>();
  for (const [string, all] of edits) {
    const levels = levelsOf(string, nested);
    const made = all.filter(({ kind }) => kinds === undefined || kind === undefined || kinds.has(kind));
    const escaped = made.map(({ start, end, text }) => ({ start, end, text: escapeText(text, levels) }));
    const { outer } = string.body;
    const known = ranges.get(outer) ?? [];
    for (const range of mapped(string, escaped, "utf16", string.text.length === string.size)) known.push(range);
    ranges.set(outer, known);
  }
  const splices: Splice[] = [];
  for (const [outer, found] of ranges) {
    const outermost = outer ? mapped(outer, found.sort(inOrder), "utf8", false) : found;
    for (const range of outermost) splices.push(range);
  }
  return splices.sort(inOrder);
}
