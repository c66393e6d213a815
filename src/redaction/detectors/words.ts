import { codePointAt, foldOf, simpleFolds } from "./folding.ts";
import { seed } from "./keyed-hash.ts";
import type { Source } from "./source.ts";

/** The words of a text, as lists of records are looked up by: letters and digits in a row, whatever script. */
export interface Words {
  readonly count: number;
  readonly units: Uint16Array;
  /** Word i is units[starts[i], ends[i]). */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** A cheap hash of each word as it is folded, which differs from process to process. */
  readonly hashes: Int32Array;
}

/** More room than this is given back after use. */
const mostKept = 32_768;
const noUnits = new Uint16Array();
const hashed = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193);

/** Reuses its buffers, and wipes what tells of words. */
export class WordReader implements Words {
  count = 0;
  units: Uint16Array = noUnits;
  starts = new Int32Array(1_024);
  ends = new Int32Array(1_024);
  hashes = new Int32Array(1_024);
  #hash = 0;

  read({ length, units }: Source): Words {
    this.units = units;
    this.count = 0;
    for (let at = 0; at < length; ) {
      const end = this.#wordEnd(at);
      if (end > at) this.#push(at, end);
      at = end < length && (units[end] as number) >= 128 ? this.#between(end) : end + 1;
    }
    return this;
  }

  wipe(): void {
    this.units = noUnits;
    if (this.starts.length > mostKept) this.#allocate(1_024);
    this.hashes.fill(0, 0, Math.min(this.count, this.hashes.length));
    this.count = 0;
  }

  /** Where the word ends that begins at `start`, if any does. */
  #wordEnd(start: number): number {
    const { units } = this;
    let hash = seed;
    for (let end = start; ; ) {
      for (let unit = simpleFolds[units[end] as number] as number; unit !== 0; ) {
        hash = hashed(hash, unit);
        unit = simpleFolds[units[++end] as number] as number;
      }
      this.#hash = hash;
      if ((units[end] as number) < 128) return end;
      const code = codePointAt(units, end);
      const { kind, text } = foldOf(code);
      if (kind !== "word") return end;
      for (let i = 0; i < text.length; i++) hash = hashed(hash, text.charCodeAt(i));
      end += code > 0xffff ? 2 : 1;
    }
  }

  /** Passes a character beyond ASCII that is no part of a longer word. */
  #between(at: number): number {
    const code = codePointAt(this.units, at);
    const { kind, text } = foldOf(code);
    const end = at + (code > 0xffff ? 2 : 1);
    if (kind !== "alone") return end;
    this.#hash = seed;
    for (let i = 0; i < text.length; i++) this.#hash = hashed(this.#hash, text.charCodeAt(i));
    this.#push(at, end);
    return end;
  }

  #push(start: number, end: number): void {
    if (this.count === this.starts.length) this.#allocate(this.count * 2);
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.hashes[this.count++] = Math.imul(this.#hash ^ (this.#hash >>> 15), 0x2c1b3c6d);
  }

  /** Room for `size` words; those that are there stay as far as they fit. */
  #allocate(size: number): void {
    const resized = (array: Int32Array<ArrayBuffer>) => {
      const made = new Int32Array(size);
      made.set(array.subarray(0, size));
      return made;
    };
    this.starts = resized(this.starts);
    this.ends = resized(this.ends);
    this.hashes = resized(this.hashes);
  }
}
