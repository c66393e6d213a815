/** Tells when a JSON object that comes in pieces is whole. */
export function createObjectScan(): (json: string) => boolean {
  let depth = 0;
  let text = false;
  let escaped = false;
  let whole = false;
  return (json) => {
    for (let at = 0; at < json.length && !whole; at++) {
      const char = json.charCodeAt(at);
      if (escaped) escaped = false;
      else if (text) {
        if (char === 0x5c) escaped = true;
        else if (char === 0x22) text = false;
      } else if (char === 0x22) text = true;
      else if (char === 0x7b || char === 0x5b) depth++;
      else if (char === 0x7d || char === 0x5d) whole = --depth <= 0;
    }
    return whole;
  };
}

export interface Block {
  /** The number of its call; -1 for text. */
  readonly call: number;
  readonly id: string;
  readonly name: string;
}

/** Where blocks go that come one after the other. */
export interface BlockSink {
  begin(block: Block): void;
  piece(block: Block, text: string): void;
  finish(block: Block): void;
}

interface Waiting extends Block {
  held: string;
  whole: boolean;
  readonly scan: (json: string) => boolean;
}

const noScan = () => true;

/** Characters that wait at most: a call that never becomes whole must not hold back a whole stream. */
const mostHeld = 4_194_304;

/**
 * Puts blocks in a row whose pieces may come mixed. The first one flows; another waits until the first is whole, which text is as soon as
 * something else follows, and a call when its input is a whole object, or when too much waits for it.
 */
export class BlockRow {
  readonly #to: BlockSink;
  readonly #calls = new Map<number, Waiting>();
  readonly #row: Waiting[] = [];
  /** Where in the row the one stands that flows. */
  #first = 0;
  #held = 0;

  constructor(to: BlockSink) {
    this.#to = to;
  }

  text(text: string): void {
    const last = this.#row[this.#row.length - 1];
    if (last?.call === -1) this.#add(last, text);
    else this.#push({ call: -1, id: "", name: "", held: text, whole: true, scan: noScan });
  }

  call(call: number, id: string, name: string): void {
    const block: Waiting = { call, id, name, held: "", whole: false, scan: createObjectScan() };
    this.#calls.set(call, block);
    this.#push(block);
  }

  /** Says whether there was a place for it. */
  input(call: number, json: string): boolean {
    const block = this.#calls.get(call);
    if (block === undefined) return false;
    if (block.scan(json)) block.whole = true;
    this.#add(block, json);
    this.#advance();
    return true;
  }

  called(call: number): void {
    const block = this.#calls.get(call);
    if (block === undefined) return;
    block.whole = true;
    this.#advance();
  }

  /** Nothing more comes. */
  close(): void {
    for (const block of this.#row) block.whole = true;
    this.#advance();
    const last = this.#row[this.#first];
    if (last !== undefined) this.#finish(last);
    this.#row.length = 0;
    this.#first = 0;
  }

  #push(block: Waiting): void {
    this.#row.push(block);
    this.#held += block.held.length;
    if (this.#row.length - this.#first === 1) this.#begin(block);
    else this.#advance();
  }

  #add(block: Waiting, text: string): void {
    const first = this.#row[this.#first];
    if (first === undefined || block === first) {
      this.#to.piece(block, text);
      return;
    }
    block.held += text;
    this.#held += text.length;
    if (this.#held <= mostHeld) return;
    first.whole = true;
    this.#advance();
  }

  #begin(block: Waiting): void {
    this.#to.begin(block);
    if (block.held !== "") this.#to.piece(block, block.held);
    this.#held -= block.held.length;
    block.held = "";
  }

  #finish(block: Waiting): void {
    this.#to.finish(block);
    this.#calls.delete(block.call);
  }

  #advance(): void {
    for (;;) {
      const first = this.#row[this.#first];
      const next = this.#row[this.#first + 1];
      if (first === undefined || next === undefined || !first.whole) return;
      this.#finish(first);
      this.#first++;
      this.#begin(next);
    }
  }
}
