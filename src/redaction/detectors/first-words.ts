/** How many words an entry may have, in seven classes; class 0: there is none. */
const mostWords = [0, 1, 2, 3, 4, 6, 12, 32] as const;
const printBits = 5;
const anyPrint = 0;
/** Five bits of a hash that the place in the table does not tell. */
const printOf = (hash: number): number => hash >>> (32 - printBits) || 1;

/**
 * How long the longest entry is that begins with a word, by the word's hash: one byte an entry's place, of which the upper three bits are a
 * class of lengths and the lower five a print of the hash, so that of the words that begin no entry few are looked at any further.
 */
export class FirstWords {
  readonly #table: Uint8Array;
  readonly #mask: number;

  /** `capacity`: a power of two. */
  constructor(capacity: number) {
    this.#table = new Uint8Array(capacity);
    this.#mask = capacity - 1;
  }

  add(hash: number, words: number): void {
    const place = hash & this.#mask;
    const before = this.#table[place] as number;
    const print = before === 0 || (before & 31) === printOf(hash) ? printOf(hash) : anyPrint;
    const lengths = mostWords.findIndex((most) => most >= words);
    this.#table[place] = (Math.max(lengths, before >> printBits) << printBits) | print;
  }

  /** At least as many words as the longest entry has that begins with the word; 0: none does. */
  mostBehind(hash: number): number {
    const found = this.#table[hash & this.#mask] as number;
    if (found === 0) return 0;
    const print = found & 31;
    return print === anyPrint || print === printOf(hash) ? (mostWords[found >> printBits] as number) : 0;
  }
}
