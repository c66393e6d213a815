import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import {
  type ConfigInput,
  createGateway,
  type Flow,
  type Gateway,
  type HttpRequest,
  type Send,
  type Sink,
} from "../src/index.ts";

/** A refusal is written while the caller may still be sending; its rest is read and dropped for this long, so that it can be read. */
const lingerMs = 5_000;

type Incoming = IncomingMessage & { readonly body?: unknown };

export type NodeHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/**
 * Serves a gateway from `node:http` or anything that speaks its shapes. What is not an AI call goes to `next`, where there is one.
 * @param send who talks to the providers; by default the gateway's own client
 * @example createServer(toNodeHandler(createGateway())).listen(8787, "127.0.0.1");
 */
export function toNodeHandler(gateway: Gateway, send?: Send): NodeHandler {
  return (request, response, next) => {
    const message = toRequest(request);
    if (next !== undefined && !gateway.matches(message)) next();
    else push(gateway, message, request, response, send);
  };
}

/** As `toNodeHandler`, from a config; the gateway comes along for `close` and `reload`. */
export function createNodeHandler(config?: ConfigInput | string): NodeHandler & { readonly gateway: Gateway } {
  const gateway = createGateway(config);
  return Object.assign(toNodeHandler(gateway), { gateway });
}

function toRequest(request: Incoming): HttpRequest {
  const parsed = parsedBody(request);
  return {
    method: request.method ?? "GET",
    url: request.url ?? "/",
    // A parser has undone the encoding that the header still names.
    headers: parsed === undefined ? request.headers : { ...request.headers, "content-encoding": undefined },
    peer: request.socket.remoteAddress,
    body: parsed ?? { [Symbol.asyncIterator]: () => piecesOf(request) },
  };
}

/** Pieces that may wait for the engine before the socket is paused. */
const mostWaiting = 4;

/** A message's pieces; a stream's own iterator costs many times as much, and destroys or outlives what it reads. Left early, the rest stays unread. */
function piecesOf(request: IncomingMessage): AsyncIterator<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let wake: (() => void) | undefined;
  const onData = (piece: Uint8Array): void => {
    if (pieces.push(piece) >= mostWaiting) request.pause();
    wake?.();
  };
  const onOver = (): void => wake?.();
  const waiting = (resolve: () => void): void => {
    wake = resolve;
  };
  request.on("data", onData).once("end", onOver).once("close", onOver);
  return {
    async next() {
      while (pieces.length === 0) {
        if (request.readableEnded) return { done: true, value: undefined };
        if (request.destroyed) throw new Error("the caller left before its request was complete");
        await new Promise<void>(waiting);
      }
      const value = pieces.shift() as Uint8Array;
      if (pieces.length === 0 && request.isPaused()) request.resume();
      return { done: false, value };
    },
    async return() {
      request.off("data", onData).pause();
      return { done: true, value: undefined };
    },
  };
}

/** A body parser that ran before us has taken the bytes; what it made of them is written out again. */
function parsedBody({ body, readableEnded }: Incoming): Uint8Array | undefined {
  if (body === undefined || !readableEnded) return undefined;
  if (body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

function push(
  gateway: Gateway,
  message: HttpRequest,
  request: IncomingMessage,
  response: ServerResponse,
  send: Send | undefined,
): void {
  let flow: Flow | undefined;
  const sink: Sink = {
    head(head) {
      const headers = head.headers as OutgoingHttpHeaders;
      const unread = !request.readableEnded && request.httpVersionMajor < 2;
      // Not flushed: the first bytes follow in the same turn and leave in the same packet.
      response.writeHead(head.status, unread ? { ...headers, connection: "close" } : headers);
    },
    data: (bytes) => response.write(bytes),
    end() {
      if (request.readableEnded) response.end();
      else linger(request, response);
    },
    fail: () => response.destroy(),
  };
  response.on("drain", () => flow?.resume());
  response.on("close", () => {
    if (!response.writableFinished) flow?.abort(undefined);
  });
  flow = gateway.handle(message, sink, send);
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
