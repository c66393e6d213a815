import { backslash, escapeLength, hasControl, quote, type Words, wordsOf } from "./text.ts";

/** Up to so many bytes are read one by one; what is longer is searched natively. */
const shortRun = 24;

/** The next quote, backslash or control character, if it is near; else as far as was looked. */
export function nearEnd(bytes: Buffer, from: number): number {
  const limit = Math.min(from + shortRun, bytes.length);
  let at = from;
  while (at < limit) {
    const byte = bytes[at] as number;
    if (byte === quote || byte === backslash || byte < 0x20) break;
    at++;
  }
  return at;
}

/** Finds the ends of a text's strings, in ascending order. It remembers what the native searches found, so that all is read once. */
export class StringScanner {
  readonly #bytes: Buffer;
  /** How many escapes were passed so far. */
  escapes = 0;
  /** Where the next one stands, from the last search on. */
  #quote = -1;
  #backslash = -1;
  #words: Words | undefined = undefined;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The closing quote of the string whose content is known up to `start`, where `nearEnd` stopped; `-1 - position` where it is no JSON. */
  end(start: number): number {
    const bytes = this.#bytes;
    let at = start;
    while (at >= 0) {
      const byte = bytes[at] as number;
      if (byte === quote) return at;
      const next = byte === backslash ? this.#escape(at) : this.#run(at);
      at = next < 0 ? next : nearEnd(bytes, next);
    }
    return at;
  }

  #escape(at: number): number {
    const length = escapeLength(this.#bytes, at);
    this.escapes++;
    return length === 0 ? -1 - at : at + length;
  }

  /** To the next quote or backslash. */
  #run(start: number): number {
    const bytes = this.#bytes;
    if (this.#quote < start) this.#quote = bytes.indexOf(quote, start);
    if (this.#quote < 0) return -1 - bytes.length;
    if (this.#backslash < start) {
      const found = bytes.indexOf(backslash, start);
      this.#backslash = found < 0 ? bytes.length : found;
    }
    const end = Math.min(this.#quote, this.#backslash);
    this.#words ??= wordsOf(bytes);
    return hasControl(bytes, this.#words, start, end) ? -1 - start : end;
  }
}
