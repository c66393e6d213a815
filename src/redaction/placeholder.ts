import type { Slot } from "../slot.ts";

/** How a Markdown-escaped bracket begins, in a plain text and in JSON text, where the backslash is escaped itself. */
export const bracketEscape: Readonly<Record<Slot["encoding"], string>> = { text: "\\", json: "\\\\" };

/** So that what an answer may hold back stays short. */
export const highestNumber = 999_999;
const mostSpaces = 4;

const space = 0x20;
const underscore = 0x5f;

/** `[EMAIL_1]`: five tokens; brackets and upper case survive Markdown, HTML and templates (angle brackets and braces do not). */
export const placeholder = (name: string): string => `[${name}]`;

/** A placeholder as somebody wrote it: in any case, with inner spaces, with escaped brackets. */
export interface Reading {
  /** `whole`, or the text ends inside: in the name, in a gap behind a letter or digit of it, in the escape of the closing bracket. */
  readonly state: "whole" | "name" | "gap" | "escape";
  /** As Postern writes it: `EMAIL_1`; where the text ends inside, the beginning of it. */
  readonly name: string;
  /** The opening escape included, where the closing bracket is escaped too: in `C:\[EMAIL_1]` the backslash is not ours. */
  readonly start: number;
  readonly end: number;
}

const isAlphanumeric = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);

/** Where the name that begins at `from` ends, and whether a gap follows that only `_` or a bracket may end. */
function skipName(text: string, from: number): { readonly end: number; readonly gap: boolean } | undefined {
  let spaces = 0;
  let before = underscore;
  let gap = false;
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === space) {
      if (++spaces > mostSpaces) return undefined;
      gap ||= before !== underscore;
      continue;
    }
    if (code !== underscore && !isAlphanumeric(code)) break;
    if (gap && code !== underscore) return undefined;
    gap = false;
    before = code;
  }
  return { end: at, gap };
}

/**
 * Reads the placeholder whose bracket stands at `open`; `undefined` where there is none. `mark` is
 * what escapes a bracket in this text.
 */
export function readPlaceholder(text: string, open: number, mark: string): Reading | undefined {
  const skipped = skipName(text, open + 1);
  if (skipped === undefined) return undefined;
  const { end, gap } = skipped;
  const name = text
    .slice(open + 1, end)
    .replaceAll(" ", "")
    .toUpperCase();
  if (text.startsWith("]", end)) return { state: "whole", name, start: open, end: end + 1 };
  const start = text.startsWith(mark, open - mark.length) ? open - mark.length : open;
  if (end === text.length) return { state: gap ? "gap" : "name", name, start, end };
  if (text.startsWith(`${mark}]`, end)) return { state: "whole", name, start, end: end + mark.length + 1 };
  const rest = text.length - end;
  if (rest <= mark.length && text.endsWith(mark.slice(0, rest))) return { state: "escape", name, start, end };
  return undefined;
}

/** `EMAIL_1` as type and number; `undefined` where it is no name of a placeholder. */
export function parseName(name: string): { readonly type: string; readonly number: number } | undefined {
  const cut = name.lastIndexOf("_");
  const digits = name.slice(cut + 1);
  if (cut < 1 || !/^[1-9][0-9]{0,5}$/.test(digits)) return undefined;
  return { type: name.slice(0, cut), number: Number(digits) };
}

/** Where a plain text holds what restoring would take for a placeholder of one of `types`. */
export function findLookAlikes(text: string, types: ReadonlySet<string>): readonly Reading[] {
  const found: Reading[] = [];
  for (let open = text.indexOf("["); open >= 0; open = text.indexOf("[", open + 1)) {
    const reading = readPlaceholder(text, open, bracketEscape.text);
    if (reading?.state === "whole" && types.has(parseName(reading.name)?.type ?? "")) found.push(reading);
  }
  return found;
}
