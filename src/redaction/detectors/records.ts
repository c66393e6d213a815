import { createReadStream } from "node:fs";
import { KeyedHash } from "./keyed-hash.ts";
import { Tokenizer, type Tokens } from "./tokens.ts";
import { createView } from "./view.ts";

/** The operator's own records, of which only keyed hashes are kept. */
export interface RecordList {
  readonly name: string;
  readonly action: "mask" | "block" | "flag" | "off";
  readonly size: number;
  /** Calls `found` with the range of each entry, from left to right, the longest where several begin. */
  find(tokens: Tokens, found: (start: number, end: number) => void): void;
}

export const mostEntries = 1_000_000;
const mostWords = 32;
const mostUnits = 1_024;
/** A single word that is shorter would be found everywhere. */
const shortestWord = 3;

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
  readonly #tokenizer = new Tokenizer();
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
    const tokens = this.#tokenizer.read(createView(line)?.text ?? line);
    const last = tokens.count - 1;
    if (last < 0) this.refuse("has no letter and no digit");
    const length = tokens.foldedEnds[last] as number;
    if (last === 0 && length - (tokens.foldedStarts[0] as number) < shortestWord)
      this.refuse(`is one word of fewer than ${shortestWord} characters`);
    if (last >= mostWords) this.refuse(`has more than ${mostWords} words`);
    if (length > mostUnits) this.refuse("is longer than 1,024 characters");
    if (this.#count === mostEntries) this.refuse("is one too many: a list holds 1,000,000 at most");
    this.#hash.start();
    this.#hash.add(tokens.units, tokens.foldedStarts[0] as number, length);
    this.#hash.finish();
    this.#push(tokens.hashes[0] as number, tokens.count);
    this.#tokenizer.wipe();
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
    const lengths = new Uint8Array(powerOfTwo(this.#count * 4));
    for (let i = 0; i < this.#count * 4; i += 4) {
      table.add(this.#entries[i] as number, this.#entries[i + 1] as number);
      const slot = (this.#entries[i + 2] as number) & (lengths.length - 1);
      lengths[slot] = Math.max(lengths[slot] as number, this.#entries[i + 3] as number);
    }
    return createList(this.#name, action, table, lengths);
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

/** `lengths`: under the hash of a first word, how many words the longest entry has that may begin with it; 0: none does. */
function createList(name: string, action: RecordList["action"], table: HashTable, lengths: Uint8Array): RecordList {
  const hash = new KeyedHash();
  const mask = lengths.length - 1;
  return {
    name,
    action,
    size: table.size,
    find(tokens, found) {
      for (let i = 0; i < tokens.count; i++) {
        const words = lengths[(tokens.hashes[i] as number) & mask] as number;
        const last = words === 0 ? -1 : longest(tokens, i, Math.min(words, tokens.count - i), hash, table);
        if (last < 0) continue;
        found(tokens.starts[i] as number, tokens.ends[last] as number);
        i = last;
      }
    },
  };
}

/** The last word of the longest entry that begins with word i; -1: none does. */
function longest(tokens: Tokens, i: number, words: number, hash: KeyedHash, table: HashTable): number {
  let best = -1;
  let from = tokens.foldedStarts[i] as number;
  hash.start();
  for (let j = i; j < i + words; j++) {
    const to = tokens.foldedEnds[j] as number;
    if (to - (tokens.foldedStarts[i] as number) > mostUnits) break;
    hash.add(tokens.units, from, to);
    hash.finish();
    if (table.has(hash.high, hash.low)) best = j;
    from = to;
  }
  return best;
}
