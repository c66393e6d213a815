import type { Slot } from "../slot.ts";
import { bracketEscape, type Reading, readPlaceholder } from "./placeholder.ts";
import type { Vault } from "./vault.ts";

/** A placeholder and the value that takes its place. */
export interface Restoration {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface Restored {
  /** In order, not overlapping. */
  readonly restorations: readonly Restoration[];
  /** From here on the text may still become a placeholder; its length where nothing may. */
  readonly settled: number;
  /** Placeholders that the model made up. */
  readonly invented: number;
}

const backslash = 0x5c;

/** Worth a closer look: has a bracket, or ends in what may be the escape of one. */
export const mayHold = (text: string): boolean => text.includes("[") || text.charCodeAt(text.length - 1) === backslash;

/** Finds the placeholders of a text, once from left to right; a value put back is not looked at again. Linear, without backtracking. */
export function restore(text: string, encoding: Slot["encoding"], vault: Vault): Restored {
  const mark = bracketEscape[encoding];
  const restorations: Restoration[] = [];
  let invented = 0;
  for (let open = text.indexOf("["); open >= 0; open = text.indexOf("[", open + 1)) {
    const reading = readPlaceholder(text, open, mark);
    if (reading === undefined) continue;
    if (reading.state !== "whole") {
      if (mayGrow(reading, vault)) return { restorations, settled: reading.start, invented };
      continue;
    }
    const value = vault.reveal(reading.name);
    if (value !== undefined) {
      restorations.push({ start: reading.start, end: reading.end, text: encoding === "json" ? escaped(value) : value });
    } else if (vault.isInvented(reading.name)) invented++;
  }
  return { restorations, settled: beforeEscape(text, mark.length), invented };
}

/** What may stand inside a string of a JSON text; lone surrogates too are escaped (ECMA-262 `QuoteJSONString`). */
const escaped = (value: string): string => JSON.stringify(value).slice(1, -1);

function mayGrow({ state, name }: Reading, vault: Vault): boolean {
  if (state === "name") return vault.mayReveal(name);
  return vault.reveal(name) !== undefined || (state === "gap" && vault.mayReveal(`${name}_`));
}

/** Where the backslashes at the end of a text begin, of which the last ones may escape a bracket to come. */
function beforeEscape(text: string, most: number): number {
  let at = text.length;
  while (text.length - at < most && text.charCodeAt(at - 1) === backslash) at--;
  return at;
}
