import { createHash } from "node:crypto";

/** A number that stands where a number may, and that a double may not hold: long, with an exponent, or minus zero. */
const suspect = /(?:^|[:,[])\s*(?:-?\d[\d.]{15}|-?\d[\d.]*[eE]|-0)/;
const minusZero = /^-0(?:\.0*)?$/;
const literal = /-?\d[\d.eE+-]*/g;

function survives(text: string): boolean {
  const value = Number(text);
  if (!Number.isFinite(value) || minusZero.test(text)) return false;
  if (String(value) === text) return true;
  const digits = text
    .replace(/[eE].*$/, "")
    .replace(/[-.]/g, "")
    .replace(/^0+/, "");
  return digits.length <= 15 && (value !== 0 || digits === "");
}

/** Behind the closing quote of the string that opens at `from`. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; ; ) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return text.length;
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === "\\") backslashes++;
    at = quote + 1;
    if (backslashes % 2 === 0) return at;
  }
}

/** Every number that does not survive, as a string with a mark; everything else as it came. */
function markNumbers(text: string, mark: () => string): string {
  const pieces: string[] = [];
  for (let at = 0; at < text.length; ) {
    const quote = text.indexOf('"', at);
    const end = quote < 0 ? text.length : quote;
    pieces.push(text.slice(at, end).replace(literal, (found) => (survives(found) ? found : `"${mark()}${found}"`)));
    at = quote < 0 ? end : endOfString(text, quote);
    if (quote >= 0) pieces.push(text.slice(quote, at));
  }
  return pieces.join("");
}

/** JSON whose numbers keep every digit on their way through values that JavaScript's numbers cannot hold. */
export interface Json {
  /** Such numbers become strings that only `stringify` knows. Throws a `SyntaxError`. */
  parse(text: string): unknown;
  stringify(value: unknown): string;
}

const markedNumber = /^[0-9a-f]{64}:(-?\d[\d.eE+-]*)$/;

/** The double that is nearest to a number as `Json` parses it; `undefined` for anything else, and beyond what a double holds. */
export function numberIn(value: unknown): number | undefined {
  const marked = typeof value === "string" ? markedNumber.exec(value)?.[1] : undefined;
  const number = marked === undefined ? value : Number(marked);
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/** @param source the body that is translated: a mark made from it cannot stand in it */
export function createJson(source: Uint8Array): Json {
  let mark: string | undefined;
  const marked = () => {
    mark ??= `${createHash("sha256").update(source).digest("hex")}:`;
    return mark;
  };
  return {
    parse: (text) => JSON.parse(suspect.test(text) ? markNumbers(text, marked) : text),
    stringify(value) {
      const text = JSON.stringify(value);
      return mark === undefined ? text : text.replace(new RegExp(`"${mark}([-+.\\deE]+)"`, "g"), "$1");
    },
  };
}
