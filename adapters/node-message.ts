import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { HttpHead, Reply, RequestHead } from "../src/index.ts";

/** A refusal is written while the caller may still be sending; its rest is read and dropped for this long, so that it can be read. */
const lingerMs = 5_000;

export type Incoming = IncomingMessage & { readonly body?: unknown };

export const toHead = (request: IncomingMessage): RequestHead => ({
  method: request.method ?? "GET",
  url: request.url ?? "/",
  headers: request.headers,
  peer: request.socket.remoteAddress,
});

/** A body parser that ran before us has taken the bytes; what it made of them is written out again. */
export function parsedBody({ body, readableEnded }: Incoming): Uint8Array | undefined {
  if (body === undefined || !readableEnded) return undefined;
  if (body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

/** Not flushed: the first bytes follow in the same turn and leave in the same packet. */
export function writeHead(head: HttpHead, request: IncomingMessage, response: ServerResponse): void {
  const headers = head.headers as OutgoingHttpHeaders;
  const unread = !request.readableEnded && request.httpVersionMajor < 2;
  response.writeHead(head.status, unread ? { ...headers, connection: "close" } : headers);
}

/** Ends an answer, though the request may not have been read to its end. */
export function endAnswer(request: IncomingMessage, response: ServerResponse): void {
  if (request.readableEnded) response.end();
  else linger(request, response);
}

export function writeReply({ body, ...head }: Reply, request: IncomingMessage, response: ServerResponse): void {
  if (response.destroyed) return;
  writeHead({ ...head, headers: { ...head.headers, "content-length": String(body.length) } }, request, response);
  if (request.method !== "HEAD") response.write(body);
  endAnswer(request, response);
}

/** Node destroys a connection that is to close as soon as the response ends, so its end waits; the caller knows its length. */
function linger(request: IncomingMessage, response: ServerResponse): void {
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, lingerMs);
  timer.unref();
  request.once("end", end);
  request.once("close", end);
  response.flushHeaders();
  request.resume();
}
