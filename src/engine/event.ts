import type { Dialect, WireEvent } from "../dialects/dialect.ts";
import { createSseParser, type SseEvent, withData } from "../dialects/sse.ts";
import { createDocument } from "../document.ts";
import type { Document } from "../slot.ts";

const openBrace = 0x7b;
const openBracket = 0x5b;

/** `[DONE]` and comments are no JSON; everything else that begins like a body is, or the walk refuses it. */
function looksLikeJson(data: Uint8Array): boolean {
  return data[0] === openBrace || (data[0] === openBracket && data[1] !== 0x44) || data[0] === 0x20 || data[0] === 0x0a;
}

/** Walks the events of one stream, most of which are like the one before. */
class Reader {
  readonly #dialect: Dialect;
  #last: Document | undefined = undefined;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  read(data: Uint8Array): Document {
    this.#last = createDocument(data, this.#dialect.answerRules, { like: this.#last });
    return this.#last;
  }
}

class Event implements WireEvent {
  readonly original: Uint8Array;
  readonly name: string | undefined;
  readonly data: Uint8Array;
  readonly #reader: Reader;
  #document: Document | undefined;

  constructor(original: Uint8Array, name: string | undefined, data: Uint8Array, reader: Reader) {
    this.original = original;
    this.name = name;
    this.data = data;
    this.#reader = reader;
  }

  document(): Document | undefined {
    if (this.#document === undefined && looksLikeJson(this.data)) this.#document = this.#reader.read(this.data);
    return this.#document;
  }

  /** The walked document, if any step asked for it. */
  get walked(): Document | undefined {
    return this.#document;
  }
}

/** For one stream. */
export function createEventReader(dialect: Dialect): (event: SseEvent) => WireEvent {
  const reader = new Reader(dialect);
  return ({ original, name, data }) => new Event(original, name, data, reader);
}

/** A whole body as one event. */
export const wholeEvent = (body: Uint8Array, dialect: Dialect): WireEvent =>
  new Event(body, undefined, body, new Reader(dialect));

/** An event from bytes of our own making (`Dialect.delta`): exactly one SSE event. */
export function eventFromBytes(bytes: Uint8Array, dialect: Dialect): WireEvent {
  let made: WireEvent | undefined;
  const toEvent = createEventReader(dialect);
  const parser = createSseParser((event) => {
    made = toEvent(event);
  });
  parser.write(bytes);
  parser.end();
  if (made === undefined) throw new Error("these bytes are no SSE event");
  return made;
}

/** The bytes that leave: as they came, unless a step edited the document. */
export function renderEvent(event: WireEvent): Uint8Array {
  const document = event instanceof Event ? event.walked : event.document();
  if (document?.edited !== true) return event.original;
  return event.original === event.data ? document.render() : withData(event, document.render());
}
