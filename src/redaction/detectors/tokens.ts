import { seed } from "./keyed-hash.ts";

/**
 * A text cut into words and folded for comparison: compatibility forms decomposed (NFKD, under which exactly those strings are
 * equal that are under NFKC), case removed, white space in a row made one space. Marks between words stay as they are.
 */
export interface Tokens {
  readonly count: number;
  /** The folded text. */
  readonly units: Uint16Array;
  /** Word i is units[foldedStarts[i], foldedEnds[i]) and stood in [starts[i], ends[i]) of the text. */
  readonly foldedStarts: Int32Array;
  readonly foldedEnds: Int32Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** A cheap hash of each word, which differs from process to process. */
  readonly hashes: Int32Array;
}

const WORD = 1;
const SPACE = 2;
const MARK = 3;
/** A word of its own: scripts that write no spaces. */
const ALONE = 4;

/** Class and folded unit of each ASCII character. */
const classes = new Uint8Array(128).fill(MARK);
const folded = new Uint16Array(128);
for (let code = 0; code < 128; code++) {
  const character = String.fromCharCode(code);
  folded[code] = character.toLowerCase().charCodeAt(0);
  if (/[a-z0-9]/i.test(character)) classes[code] = WORD;
  else if (/\s/.test(character)) classes[code] = SPACE;
}

interface Fold {
  readonly kind: number;
  readonly text: string;
}
const unspaced =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]$/u;
const space: Fold = { kind: SPACE, text: " " };
const folds = new Map<number, Fold>();
/** Bounds what is remembered: the letters of several scripts fit, all of Unicode does not. */
const remembered = 8_192;

function foldOf(code: number): Fold {
  const known = folds.get(code);
  if (known !== undefined) return known;
  const character = String.fromCodePoint(code);
  const text = character.normalize("NFKD").toUpperCase().toLowerCase().normalize("NFKD");
  const wordy = /^[\p{L}\p{N}\p{M}]+$/u.test(text);
  const kind = unspaced.test(character) ? ALONE : wordy ? WORD : MARK;
  const fold = /^\s/.test(text) ? space : { kind, text };
  if (folds.size < remembered) folds.set(code, fold);
  return fold;
}

/** Reuses its buffers, and wipes them after use. */
export class Tokenizer implements Tokens {
  count = 0;
  units = new Uint16Array(4_096);
  foldedStarts = new Int32Array(1_024);
  foldedEnds = new Int32Array(1_024);
  starts = new Int32Array(1_024);
  ends = new Int32Array(1_024);
  hashes = new Int32Array(1_024);
  #length = 0;
  /** In the middle of a word? */
  #open = false;
  #hash = 0;

  read(text: string): Tokens {
    this.count = 0;
    this.#length = 0;
    this.#open = false;
    for (let index = 0; index < text.length; ) {
      const code = text.charCodeAt(index);
      if (code < 128) index = this.#ascii(text, code, index);
      else index += this.#other(text.codePointAt(index) as number, index);
    }
    if (this.#open) this.#close(text.length);
    return this;
  }

  wipe(): void {
    this.units.fill(0, 0, this.#length);
    this.hashes.fill(0, 0, this.count);
  }

  /** Reads the ASCII letters and digits from here on, or the one other character. Returns where to go on. */
  #ascii(text: string, first: number, start: number): number {
    const kind = classes[first] as number;
    if (kind !== WORD) {
      if (this.#open) this.#close(start);
      if (kind === SPACE) this.#space();
      else this.#push(first);
      return start + 1;
    }
    if (!this.#open) this.#begin(start);
    if (this.units.length - this.#length < text.length - start) this.#reserve(text.length - start);
    const units = this.units;
    let length = this.#length;
    let hash = this.#hash;
    let index = start;
    for (let code = first; code < 128 && classes[code] === WORD; code = text.charCodeAt(++index)) {
      const unit = folded[code] as number;
      hash = Math.imul(hash ^ unit, 0x01000193);
      units[length++] = unit;
    }
    this.#hash = hash;
    this.#length = length;
    return index;
  }

  /** Returns how many units the character takes. */
  #other(code: number, index: number): number {
    const { kind, text } = foldOf(code);
    if (this.#open && kind !== WORD) this.#close(index);
    if (kind === SPACE) this.#space();
    else if (kind === MARK) for (let i = 0; i < text.length; i++) this.#push(text.charCodeAt(i));
    else {
      if (!this.#open) this.#begin(index);
      for (let i = 0; i < text.length; i++) this.#add(text.charCodeAt(i));
      if (kind === ALONE) this.#close(index + (code > 0xffff ? 2 : 1));
    }
    return code > 0xffff ? 2 : 1;
  }

  #begin(index: number): void {
    if (this.count === this.starts.length) this.#grow();
    this.foldedStarts[this.count] = this.#length;
    this.starts[this.count] = index;
    this.#open = true;
    this.#hash = seed;
  }

  #add(unit: number): void {
    this.#hash = Math.imul(this.#hash ^ unit, 0x01000193);
    this.#push(unit);
  }

  #close(index: number): void {
    this.foldedEnds[this.count] = this.#length;
    this.ends[this.count] = index;
    this.hashes[this.count++] = Math.imul(this.#hash ^ (this.#hash >>> 15), 0x2c1b3c6d);
    this.#open = false;
  }

  #space(): void {
    if (this.#length > 0 && this.units[this.#length - 1] !== 32) this.#push(32);
  }

  #push(unit: number): void {
    if (this.#length === this.units.length) this.#reserve(1);
    this.units[this.#length++] = unit;
  }

  #reserve(more: number): void {
    this.units = enlarge(this.units, new Uint16Array((this.#length + more) * 2));
  }

  #grow(): void {
    const larger = (array: Int32Array<ArrayBuffer>) => enlarge(array, new Int32Array(array.length * 2));
    this.foldedStarts = larger(this.foldedStarts);
    this.foldedEnds = larger(this.foldedEnds);
    this.starts = larger(this.starts);
    this.ends = larger(this.ends);
    this.hashes = larger(this.hashes);
  }
}

function enlarge<T extends Uint16Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  from.fill(0);
  return to;
}
