import { Buffer } from "node:buffer";
import { ALL, classesOf, findAny, SPECIAL } from "./characters.ts";
import { type Places, rangeOf, rewrite } from "./view.ts";

/** A text as detectors read it: what stands for another character (an escape, a typographic hyphen) is that character. */
export interface Source {
  readonly text: string;
  /** The same as code units, since an array is read three times as fast as a string; from `length` on at least 64 that are 0. */
  readonly units: Uint16Array;
  readonly length: number;
  /** The classes that its units have, all together, where it is short; else all: no detector looks for what is not there. */
  readonly classes: number;
}

/** Up to so many units are copied one by one; what is longer is copied natively, which costs a call. */
const shortText = 32;
/** How far behind the end of a text a detector may look. */
const padding = 64;
/** More room than this is given back after use. */
const mostKept = 262_144;
const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Is every unit of a text below 0x80? Two stand in a word; behind its end all are 0. */
function isAscii(words: Int32Array, length: number): boolean {
  let found = 0;
  for (let word = 0; word * 2 < length && (found & 0xff80ff80) === 0; word += 8) {
    found =
      (words[word] as number) |
      (words[word + 1] as number) |
      (words[word + 2] as number) |
      (words[word + 3] as number) |
      (words[word + 4] as number) |
      (words[word + 5] as number) |
      (words[word + 6] as number) |
      (words[word + 7] as number);
  }
  return (found & 0xff80ff80) === 0;
}

/** Reuses its buffer, and wipes it after use. */
export class SourceReader implements Source {
  units = new Uint16Array(4_096);
  length = 0;
  classes = 0;
  /** As it was given, and as it reads where that is something else. */
  #original = "";
  #text: string | undefined = "";
  #places: Places | undefined;
  #bytes = Buffer.from(this.units.buffer);
  #words = new Int32Array(this.units.buffer);

  get text(): string {
    this.#text ??= this.#decode();
    return this.#text;
  }

  read(text: string): Source {
    const { length } = text;
    this.wipe();
    if (length + padding > this.units.length) this.#allocate(length + (length >> 2) + padding);
    this.#original = text;
    this.#text = text;
    this.#places = undefined;
    this.length = length;
    if (length > shortText && littleEndian) {
      this.classes = ALL;
      this.#bytes.write(text, 0, "utf16le");
    } else this.#copy(text);
    if ((this.classes & SPECIAL) !== 0) this.#rewrite();
    return this;
  }

  /** The range in the text as it was given of [start, end), which is not empty. */
  range(start: number, end: number): readonly [start: number, end: number] {
    return this.#places === undefined ? [start, end] : rangeOf(this.#places, start, end);
  }

  wipe(): void {
    const { length } = this.#original;
    if (length === 0) return;
    this.#original = "";
    this.#text = "";
    this.length = 0;
    if (this.units.length > mostKept) this.#allocate(4_096);
    else if (length > shortText) this.units.fill(0, 0, length);
    else for (let index = 0; index < length; index++) this.units[index] = 0;
  }

  #copy(text: string): void {
    let classes = 0;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      this.units[index] = code;
      classes |= classesOf(code);
    }
    this.classes = classes;
  }

  #rewrite(): void {
    const plain = isAscii(this.#words, this.length) && !this.text.includes("\\") && !this.text.includes("%");
    const first = plain ? this.length : findAny(this.units, 0, this.length, SPECIAL);
    if (first === this.length) return;
    const { length, places, changed } = rewrite(this.units, this.length, first);
    if (!changed) return;
    this.units.fill(0, length, this.length);
    this.length = length;
    this.classes = ALL;
    this.#places = places;
    this.#text = undefined;
  }

  #decode(): string {
    if (littleEndian) return this.#bytes.toString("utf16le", 0, this.length * 2);
    let text = "";
    for (let index = 0; index < this.length; index++) text += String.fromCharCode(this.units[index] as number);
    return text;
  }

  #allocate(size: number): void {
    this.units = new Uint16Array((size + 15) & ~15);
    this.#bytes = Buffer.from(this.units.buffer);
    this.#words = new Int32Array(this.units.buffer);
  }
}
