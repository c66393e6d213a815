import { Malformed, wireTypes } from "./wire.ts";

/** Reads one message; nested ones are read by readers over their part of the same bytes. */
export class Reader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  /** Of the field that `next` came to. */
  field = 0;
  #type: number = wireTypes.varint;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Comes to the next field; `false` at the end. Every field must then be read or skipped. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.#type = tag % 8;
    if (this.field === 0 || this.field > 0x1fffffff) throw new Malformed("no such field");
    return true;
  }

  skip(): void {
    if (this.#type === wireTypes.varint) this.#varint();
    else if (this.#type === wireTypes.bytes) this.#span();
    else if (this.#type === wireTypes.fixed64) this.#move(8);
    else if (this.#type === wireTypes.fixed32) this.#move(4);
    else throw new Malformed("no such wire type");
  }

  number(): number {
    this.#expect(wireTypes.varint);
    return this.#varint();
  }

  bool(): boolean {
    return this.number() !== 0;
  }

  double(): number {
    this.#expect(wireTypes.fixed64);
    const start = this.#at;
    this.#move(8);
    return this.#bytes.readDoubleLE(start);
  }

  /** A view, not a copy. */
  bytes(): Buffer {
    this.#expect(wireTypes.bytes);
    const start = this.#span();
    return this.#bytes.subarray(start, this.#at);
  }

  /** One character a byte, as Node gives header values. */
  latin1(): string {
    this.#expect(wireTypes.bytes);
    const start = this.#span();
    return this.#bytes.toString("latin1", start, this.#at);
  }

  utf8(): string {
    this.#expect(wireTypes.bytes);
    const start = this.#span();
    return this.#bytes.toString("utf8", start, this.#at);
  }

  message(): Reader {
    this.#expect(wireTypes.bytes);
    const start = this.#span();
    return new Reader(this.#bytes, start, this.#at);
  }

  #expect(type: number): void {
    if (this.#type !== type) throw new Malformed("another wire type than the field has");
  }

  /** Moves behind a length and what it measures; returns where that starts. */
  #span(): number {
    const length = this.#varint();
    const start = this.#at;
    this.#move(length);
    return start;
  }

  #move(length: number): void {
    if (length > this.#end - this.#at) throw new Malformed("cut short");
    this.#at += length;
  }

  /** Up to 64 bits; beyond 2⁵³ not exact, which is beyond everything that is counted here. */
  #varint(): number {
    let value = 0;
    let scale = 1;
    for (let length = 0; length < 10; length++) {
      if (this.#at >= this.#end) throw new Malformed("cut short");
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new Malformed("a number too long");
  }
}
