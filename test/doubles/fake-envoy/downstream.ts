import type { IncomingMessage, ServerResponse } from "node:http";
import type { Onward } from "./bodies.ts";
import { type Fields, fieldOf, type Note, withField, without } from "./fields.ts";

/** The caller's side of one request. */
export interface Downstream extends Onward {
  readonly committed: boolean;
  readonly over: boolean;
  /** Status of the answer, 0 before it. */
  readonly status: number;
  /** An answer of Envoy's own: instead of anything else. */
  local(status: number, body: Buffer, fields?: Fields): void;
  /** The connection is broken, what was written before still leaves. */
  abort(): void;
}

export interface DownstreamParts {
  note: Note;
  /** The caller does not read; then it does again. */
  full(): void;
  drained(): void;
  activity(): void;
  finished(): void;
}

/** A reader that never reads does not keep its connection open for ever. */
const lingering = 1_000;

export const createDownstream = (
  request: IncomingMessage,
  response: ServerResponse,
  parts: DownstreamParts,
): Downstream => new Caller(request, response, parts);

class Caller implements Downstream {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #parts: DownstreamParts;
  status = 0;
  over = false;
  /** The content-length that was told, until the body contradicts it. */
  #expected: number | undefined;
  #written = 0;

  constructor(request: IncomingMessage, response: ServerResponse, parts: DownstreamParts) {
    this.#request = request;
    this.#response = response;
    this.#parts = parts;
    response.on("drain", parts.drained);
  }

  get committed(): boolean {
    return this.status > 0;
  }

  headers(fields: Fields, end: boolean): void {
    if (this.over) return;
    this.status = Number(fieldOf(fields, ":status"));
    const length = fieldOf(fields, "content-length");
    this.#expected = length === undefined ? undefined : Number(length);
    const sent = withField(without(fields, ":status", "connection", "transfer-encoding"), "server", "envoy");
    const response = this.#response;
    // What was not read cannot be followed by another request.
    if (!this.#request.complete) response.shouldKeepAlive = false;
    response.sendDate = fieldOf(fields, "date") === undefined;
    response.writeHead(this.status, sent.flat());
    response.flushHeaders();
    if (end) this.end();
  }

  data(bytes: Buffer): void {
    if (this.over) return;
    this.#written += bytes.length;
    if (this.#expected !== undefined && this.#written > this.#expected) this.#check();
    this.#parts.activity();
    if (!this.#response.write(bytes)) this.#parts.full();
  }

  end(trailers?: Fields): void {
    if (this.over) return;
    this.#check();
    const response = this.#response;
    if (trailers) response.addTrailers(Object.fromEntries(trailers));
    if (this.#request.complete) response.end();
    else {
      // The delayed close: to destroy the socket with bytes unread would lose the answer.
      this.#request.pause();
      this.#request.socket.end(response.chunkedEncoding ? "0\r\n\r\n" : "");
      this.#linger();
    }
    this.#close();
  }

  local(status: number, body: Buffer, fields: Fields = []): void {
    const untyped = body.length > 0 && fieldOf(fields, "content-type") === undefined;
    const own: Fields = [
      [":status", String(status)],
      ["content-length", String(body.length)],
      ...(untyped ? [["content-type", "text/plain"] as const] : []),
    ];
    this.headers([...own, ...without(fields, ":status", "content-length")], false);
    this.data(body);
    this.end();
  }

  abort(): void {
    if (this.over) return;
    this.#request.socket.destroySoon();
    this.#linger();
    this.#close();
  }

  #close(): void {
    this.over = true;
    this.#parts.finished();
  }

  #check(): void {
    const expected = this.#expected;
    if (expected === undefined || expected === this.#written || this.#request.method === "HEAD") return;
    this.#parts.note(`content-length ${expected}, but the body has ${this.#written} bytes`);
    this.#expected = undefined;
  }

  #linger(): void {
    const { socket } = this.#request;
    setTimeout(() => socket.destroy(), lingering).unref();
  }
}
