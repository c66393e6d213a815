import { Refusal } from "../errors.ts";
import { noBytes } from "../http.ts";
import { carriageReturn, indexOf, type LastName, lineFeed, readEvent, startsWith } from "./sse-fields.ts";

/** One block of a stream of server-sent events, up to and including its blank line. */
export interface SseEvent {
  /** The bytes as they came: comments, ids, line ends, a byte order mark and the blank line included. */
  readonly original: Uint8Array;
  readonly name: string | undefined;
  /** The `data` lines joined with a line feed. A view of `original` where there is one such line. */
  readonly data: Uint8Array;
  /** It has a `data` line, if only an empty one. */
  readonly hasData: boolean;
  /** Its blank line came. The specification drops the event of a stream that ends without it. */
  readonly complete: boolean;
}

export interface SseParser {
  /** Events are views of `bytes` where they can be, so the caller leaves its memory alone. */
  write(bytes: Uint8Array): void;
  /** Emits what came last without a blank line. */
  end(): void;
}

/** Bytes of one event at most. */
export const maxEvent = 16 * 1024 * 1024;
const maxLines = 1024 * 1024;

const leastHeld = 1024;
const byteOrderMark = Uint8Array.of(0xef, 0xbb, 0xbf);

class Parser implements SseParser {
  private readonly onEvent: (event: SseEvent) => void;
  /** The event that is not complete yet: `length` bytes of `held`. */
  private held: Uint8Array = noBytes;
  private length = 0;
  /** Finished lines of the current event, as starts and ends from its first byte on; and where its unfinished line starts. */
  private lines: number[] = [];
  private line = 0;
  /** The last byte was a CR that is not handed on yet, since an LF may belong to it. */
  private afterReturn = false;
  private opening = true;
  private readonly lastName: LastName = { bytes: noBytes, text: undefined };
  /** The next LF and CR of the bytes in hand, searched for once. */
  private feed = -1;
  private back = -1;

  constructor(onEvent: (event: SseEvent) => void) {
    this.onEvent = onEvent;
  }

  write(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.afterReturn) bytes = Buffer.concat([Uint8Array.of(carriageReturn), chunk]);
    this.afterReturn = false;
    if (this.opening) bytes = this.open(bytes);
    this.consume(bytes, false);
  }

  end(): void {
    if (this.afterReturn) this.consume(Uint8Array.of(carriageReturn), true);
    if (this.length === 0) return;
    if (this.line < this.length) this.lines.push(this.line, this.length);
    this.emit(this.held.subarray(0, this.length), false);
  }

  /** Sets a byte order mark apart, so that it belongs to the first event but to none of its lines. */
  private open(bytes: Uint8Array): Uint8Array {
    const start = this.length === 0 ? bytes : Buffer.concat([this.held.subarray(0, this.length), bytes]);
    this.length = 0;
    if (startsWith(start, byteOrderMark)) {
      this.line = byteOrderMark.length;
      this.hold(byteOrderMark);
    } else if (startsWith(byteOrderMark, start)) {
      this.hold(start);
      return noBytes;
    }
    this.opening = false;
    return start.subarray(this.length);
  }

  private consume(bytes: Uint8Array, last: boolean): void {
    this.feed = -1;
    this.back = -1;
    let base = -this.length;
    let end = this.endOf(bytes, base, 0, last);
    while (end >= 0) {
      if (end - base > maxEvent) throw new Refusal("upstream_invalid");
      if (base < 0) this.hold(bytes.subarray(0, end));
      this.emit(base < 0 ? this.held.subarray(0, this.length) : bytes.subarray(base, end), true);
      base = end;
      end = this.endOf(bytes, base, base, last);
    }
    const rest = Math.max(base, 0);
    const stop = bytes.length - (this.afterReturn ? 1 : 0);
    if (rest < stop) this.hold(bytes.subarray(rest, stop));
  }

  /** Where the event ends that starts at `base` (negative: in `held`), searched from `at` on; -1 where its blank line is not there yet. */
  private endOf(bytes: Uint8Array, base: number, from: number, last: boolean): number {
    let at = from;
    for (;;) {
      if (this.feed < at) this.feed = indexOf(bytes, lineFeed, at);
      if (this.back < at) this.back = indexOf(bytes, carriageReturn, at);
      const end = Math.min(this.feed, this.back);
      if (end === Number.POSITIVE_INFINITY) return -1;
      this.afterReturn = !last && this.back === bytes.length - 1;
      if (this.afterReturn && end === this.back) return -1;
      at = end + (this.back + 1 === this.feed ? 2 : 1);
      if (end - base === this.line) return at;
      this.lines.push(this.line, end - base);
      this.line = at - base;
      if (this.lines.length > 2 * maxLines) throw new Refusal("upstream_invalid");
    }
  }

  /** Copied, since a view would keep the whole chunk alive; doubling keeps an event that comes in many pieces linear. */
  private hold(bytes: Uint8Array): void {
    const length = this.length + bytes.length;
    if (length > maxEvent) throw new Refusal("upstream_invalid");
    if (length > this.held.length) {
      const grown = Buffer.allocUnsafe(Math.max(length, 2 * this.held.length, leastHeld));
      grown.set(this.held.subarray(0, this.length));
      this.held = grown;
    }
    this.held.set(bytes, this.length);
    this.length = length;
  }

  private emit(block: Uint8Array, complete: boolean): void {
    const event = readEvent(block, this.lines, complete, this.lastName);
    this.lines.length = 0;
    this.line = 0;
    if (this.length > 0) this.held = noBytes;
    this.length = 0;
    this.onEvent(event);
  }
}

/**
 * Cuts a byte stream into server-sent events (WHATWG HTML, section 9.2.6), as they came: the `original`s together are the stream, and the
 * events are the same however it was cut. Linear in the bytes. Throws `Refusal("upstream_invalid")` for an event larger than `maxEvent`.
 */
export function createSseParser(onEvent: (event: SseEvent) => void): SseParser {
  return new Parser(onEvent);
}

/** An event of our own; a `data` line for each line of `data`. */
export function sseBytes(name: string | undefined, data: string): Uint8Array {
  const lines = /[\r\n]/.test(data) ? data.split(/\r\n|\n|\r/).join("\ndata: ") : data;
  return Buffer.from(`${name === undefined ? "" : `event: ${name}\n`}data: ${lines}\n\n`);
}

/**
 * The bytes of the same event with other data: its name, id, comments and line ends are kept. Of several `data` lines the first gives the place. A body
 * that is no event is its data.
 */
export function withData(event: Pick<SseEvent, "original" | "data">, data: Uint8Array): Uint8Array {
  const { original, data: old } = event;
  if (old === original) return data;
  const at = old.byteOffset - original.byteOffset;
  const within = old.length > 0 && old.buffer === original.buffer && at >= 0 && at + old.length <= original.length;
  const oneLine = indexOf(data, lineFeed, 0) === indexOf(data, carriageReturn, 0);
  if (!within || !oneLine) return relined(original, data);
  const bytes = Buffer.allocUnsafe(original.length - old.length + data.length);
  bytes.set(original.subarray(0, at));
  bytes.set(data, at);
  bytes.set(original.subarray(at + old.length), at + data.length);
  return bytes;
}

/** A line with its end, and the end alone: all of a block's lines, since the last one may have none. */
const wholeLine = /([^\r\n]*)(\r\n|\n|\r|$)/gy;

/** `withData` where a line has to become several or several one. Latin-1 stands for bytes here. */
function relined(original: Uint8Array, data: Uint8Array): Uint8Array {
  const block = Buffer.from(original).toString("latin1");
  const values = Buffer.from(data)
    .toString("latin1")
    .split(/\r\n|\n|\r/);
  let written = false;
  const write = (ending: string): string => {
    const lines = written ? [] : values.map((value) => `data: ${value}${ending || "\n"}`);
    written = true;
    return lines.join("");
  };
  const kept = block.replace(wholeLine, (line: string, content: string, ending: string) => {
    if (/^(\xef\xbb\xbf)?data(:|$)/.test(content)) return write(ending);
    return content === "" ? write(ending) + line : line;
  });
  return Buffer.from(kept, "latin1");
}
