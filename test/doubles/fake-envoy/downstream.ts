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

export function createDownstream(
  request: IncomingMessage,
  response: ServerResponse,
  parts: DownstreamParts,
): Downstream {
  const { socket } = request;
  let status = 0;
  let over = false;
  let expected: number | undefined;
  let written = 0;

  const close = (): void => {
    over = true;
    parts.finished();
  };
  const check = (): void => {
    if (expected === undefined || expected === written || request.method === "HEAD") return;
    parts.note(`content-length ${expected}, but the body has ${written} bytes`);
    expected = undefined;
  };
  const linger = (): void => {
    setTimeout(() => socket.destroy(), lingering).unref();
  };
  response.on("drain", parts.drained);

  const self: Downstream = {
    get committed() {
      return status > 0;
    },
    get over() {
      return over;
    },
    get status() {
      return status;
    },
    headers(fields, end) {
      if (over) return;
      status = Number(fieldOf(fields, ":status"));
      const length = fieldOf(fields, "content-length");
      expected = length === undefined ? undefined : Number(length);
      const sent = withField(without(fields, ":status", "connection", "transfer-encoding"), "server", "envoy");
      // What was not read cannot be followed by another request.
      if (!request.complete) response.shouldKeepAlive = false;
      response.sendDate = fieldOf(fields, "date") === undefined;
      response.writeHead(status, sent.flat());
      response.flushHeaders();
      if (end) self.end();
    },
    data(bytes) {
      if (over) return;
      written += bytes.length;
      if (expected !== undefined && written > expected) check();
      parts.activity();
      if (!response.write(bytes)) parts.full();
    },
    end(trailers) {
      if (over) return;
      check();
      if (trailers) response.addTrailers(Object.fromEntries(trailers));
      if (request.complete) response.end();
      else {
        // The delayed close: to destroy the socket with bytes unread would lose the answer.
        request.pause();
        socket.end(response.chunkedEncoding ? "0\r\n\r\n" : "");
        linger();
      }
      close();
    },
    local(code, body, fields = []) {
      const type: Fields =
        body.length > 0 && fieldOf(fields, "content-type") === undefined ? [["content-type", "text/plain"]] : [];
      const length: Fields = [["content-length", String(body.length)]];
      self.headers(
        [[":status", String(code)], ...length, ...type, ...without(fields, ":status", "content-length")],
        false,
      );
      self.data(body);
      self.end();
    },
    abort() {
      if (over) return;
      socket.destroySoon();
      linger();
      close();
    },
  };
  return self;
}
