import { createReadStream } from "node:fs";
import { FirstWords } from "./first-words.ts";
import { Folder } from "./folding.ts";
import { KeyedHash } from "./keyed-hash.ts";
import { SourceReader } from "./source.ts";
import { WordReader, type Words } from "./words.ts";

/** The operator's own records, of which only keyed hashes are kept. */
export interface RecordList {
  readonly name: string;
  readonly action: "mask" | "block" | "flag" | "off";
  readonly size: number;
  /** Calls `found` with the range of each entry, from left to right, the longest where several begin. */
  find(words: Words, found: (start: number, end: number) => void): void;
}

export const mostEntries = 1_000_000;
const mostWords = 32;
const mostUnits = 1_024;
/** A single word that is shorter would be found everywhere. */
export const shortestWord = 3;

/**
 * Reads a list from a file in UTF-8: one entry a line; blank lines and lines that begin with `#` are skipped. Entries are compared
 * from word to word, without regard to case, to how much white space stands between words, or to compatibility forms (NFKC).
 * Takes about 20 bytes an entry. Two 64-bit hashes meet by chance with a probability of size / 2^64 a comparison.
 * Rejects with an `Error` that names the list and the line, never the entry.
 */
export async function loadRecordList(list: {
  readonly name: string;
  readonly file: string;
  readonly action: RecordList["action"];
}): Promise<RecordList> {
  const builder = new Builder(list.name);
  let rest = "";
  for await (const chunk of createReadStream(list.file, { encoding: "utf8", highWaterMark: 1 << 20 })) {
    rest = eachLine(rest + (chunk as string), (line) => builder.add(line));
    if (rest.length > mostUnits * 4) builder.refuse("is longer than 1,024 characters", 1);
  }
  builder.add(rest);
  return builder.build(list.action);
}

/** Returns what follows the last line break. */
function eachLine(text: string, take: (line: string) => void): string {
  let start = 0;
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
    take(text.slice(start, end));
    start = end + 1;
  }
  return text.slice(start);
}

class Builder {
  readonly #name: string;
  readonly #hash = new KeyedHash();
  readonly #source = new SourceReader();
  readonly #words = new WordReader();
  readonly #folder = new Folder(mostUnits + 1);
  /** Per entry: both halves of its hash, the hash of its first word, its number of words. */
  #entries = new Uint32Array(4 * 1_024);
  #count = 0;
  #line = 0;

  constructor(name: string) {
    this.#name = name;
  }

  refuse(why: string, ahead = 0): never {
    throw new Error(`redaction list "${this.#name}", line ${this.#line + ahead}: the entry ${why}`);
  }

  add(raw: string): void {
    this.#line++;
    const line = (this.#line === 1 ? raw.replace(/^\ufeff/, "") : raw).trim();
    if (line === "" || line.startsWith("#")) return;
    const words = this.#words.read(this.#source.read(line));
    const last = words.count - 1;
    if (last < 0) this.refuse("has no letter and no digit");
    this.#folder.add(words.units, words.starts[0] as number, words.ends[last] as number);
    const { units, length } = this.#folder;
    if (last === 0 && length < shortestWord) this.refuse(`is one word of fewer than ${shortestWord} characters`);
    if (last >= mostWords) this.refuse(`has more than ${mostWords} words`);
    if (length > mostUnits) this.refuse("is longer than 1,024 characters");
    if (this.#count === mostEntries) this.refuse("is one too many: a list holds 1,000,000 at most");
    this.#hash.start();
    this.#hash.add(units, 0, length);
    this.#hash.finish();
    this.#push(words.hashes[0] as number, words.count);
    this.#wipe();
  }

  #wipe(): void {
    this.#folder.wipe();
    this.#words.wipe();
    this.#source.wipe();
  }

  #push(first: number, words: number): void {
    if (this.#count * 4 === this.#entries.length) {
      const larger = new Uint32Array(this.#entries.length * 2);
      larger.set(this.#entries);
      this.#entries = larger;
    }
    this.#entries.set([this.#hash.high, this.#hash.low, first, words], this.#count++ * 4);
  }

  build(action: RecordList["action"]): RecordList {
    const table = new HashTable(this.#count);
    const firstWords = new FirstWords(powerOfTwo(this.#count * 4));
    for (let i = 0; i < this.#count * 4; i += 4) {
      table.add(this.#entries[i] as number, this.#entries[i + 1] as number);
      firstWords.add(this.#entries[i + 2] as number, this.#entries[i + 3] as number);
    }
    return createList(this.#name, action, table, firstWords);
  }
}

function powerOfTwo(least: number): number {
  return 2 ** Math.max(4, Math.ceil(Math.log2(Math.max(1, least))));
}

/** A set of 64-bit hashes: open addressing, at most half full. */
class HashTable {
  size = 0;
  readonly #slots: Uint32Array;
  readonly #mask: number;

  constructor(expected: number) {
    const capacity = powerOfTwo(expected * 2);
    this.#slots = new Uint32Array(capacity * 2);
    this.#mask = capacity - 1;
  }

  add(high: number, low: number): void {
    const slot = this.#find(high, low);
    if (this.#slots[slot + 1] !== 0) return;
    this.#slots[slot] = high;
    this.#slots[slot + 1] = low;
    this.size++;
  }

  has(high: number, low: number): boolean {
    return this.#slots[this.#find(high, low) + 1] !== 0;
  }

  /** The slot of the hash, or the free one where it would stand; a hash's low half is never 0. */
  #find(high: number, low: number): number {
    for (let index = high & this.#mask; ; index = (index + 1) & this.#mask) {
      const found = this.#slots[index * 2 + 1];
      if (found === 0 || (found === low && this.#slots[index * 2] === high)) return index * 2;
    }
  }
}

function createList(name: string, action: RecordList["action"], table: HashTable, firstWords: FirstWords): RecordList {
  const hash = new KeyedHash();
  const folder = new Folder(mostUnits + 1);

  /** The last word of the longest entry that begins with word i; -1: none does. */
  const longest = ({ units, starts, ends }: Words, i: number, end: number): number => {
    let best = -1;
    let read = starts[i] as number;
    let hashed = 0;
    hash.start();
    for (let j = i; j < end; j++) {
      folder.add(units, read, ends[j] as number);
      if (folder.length > mostUnits) break;
      hash.add(folder.units, hashed, folder.length);
      hash.finish();
      if (table.has(hash.high, hash.low)) best = j;
      read = ends[j] as number;
      hashed = folder.length;
    }
    folder.wipe();
    return best;
  };

  return {
    name,
    action,
    size: table.size,
    find(words, found) {
      for (let i = 0; i < words.count; i++) {
        const most = firstWords.mostBehind(words.hashes[i] as number);
        const last = most === 0 ? -1 : longest(words, i, Math.min(i + most, words.count));
        if (last < 0) continue;
        found(words.starts[i] as number, words.ends[last] as number);
        i = last;
      }
    },
  };
}
