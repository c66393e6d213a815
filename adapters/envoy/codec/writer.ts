import { wireTypes } from "./wire.ts";

/** Writes one message from its end to its start, so that every length is known when it is written. */
export class Writer {
  #bytes: Buffer;
  #at: number;

  /** @param size bytes that the message will about have. */
  constructor(size: number) {
    this.#bytes = Buffer.allocUnsafe(size);
    this.#at = size;
  }

  /** What was written; to be called once, last. */
  finish(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  number(field: number, value: number): void {
    this.#varint(value);
    this.#tag(field, wireTypes.varint);
  }

  bool(field: number, value: boolean): void {
    if (value) this.number(field, 1);
  }

  double(field: number, value: number): void {
    this.#room(8);
    this.#bytes.writeDoubleLE(value, this.#at);
    this.#tag(field, wireTypes.fixed64);
  }

  bytes(field: number, value: Uint8Array): void {
    this.#room(value.length);
    this.#bytes.set(value, this.#at);
    this.#measured(field, value.length);
  }

  /** One byte a character; none may be above U+00FF. */
  latin1(field: number, value: string): void {
    this.#room(value.length);
    this.#bytes.write(value, this.#at, "latin1");
    this.#measured(field, value.length);
  }

  utf8(field: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.#room(length);
    this.#bytes.write(value, this.#at, "utf8");
    this.#measured(field, length);
  }

  /** `write` writes the nested message's fields, the last one first. */
  message(field: number, write: () => void): void {
    const end = this.#bytes.length - this.#at;
    write();
    this.#measured(field, this.#bytes.length - this.#at - end);
  }

  #measured(field: number, length: number): void {
    this.#varint(length);
    this.#tag(field, wireTypes.bytes);
  }

  #tag(field: number, type: number): void {
    this.#varint(field * 8 + type);
  }

  #varint(value: number): void {
    let length = 1;
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
    this.#room(length);
    let rest = value;
    for (let index = 0; index < length; index++) {
      this.#bytes[this.#at + index] = (rest % 128) + (index + 1 < length ? 128 : 0);
      rest = Math.floor(rest / 128);
    }
  }

  /** Moves to where `length` more bytes begin. */
  #room(length: number): void {
    if (length > this.#at) {
      const written = this.#bytes.length - this.#at;
      const grown = Buffer.allocUnsafe((written + length) * 2);
      this.#bytes.copy(grown, grown.length - written, this.#at);
      this.#bytes = grown;
      this.#at = grown.length - written;
    }
    this.#at -= length;
  }
}
