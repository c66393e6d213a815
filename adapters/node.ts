import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type ConfigInput,
  createGateway,
  type Flow,
  type Gateway,
  type HttpRequest,
  type RequestHead,
  type Send,
  type Sink,
} from "../src/index.ts";
import { endAnswer, type Incoming, parsedBody, toHead, writeHead } from "./node-message.ts";
import { type Forwarder, ownForwarder } from "./pass-through.ts";

export { toUpgradeHandler, type UpgradeOptions } from "./pass-through.ts";

export type NodeHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/** Who talks to the providers, where it is not the gateway itself. */
export interface Carriers {
  readonly send?: Send;
  /** Forwards what `passThrough` lists; by default `http-proxy-middleware` does, loaded when it is first needed. */
  readonly forwarder?: Forwarder;
}

/**
 * Serves a gateway from `node:http` or anything that speaks its shapes. What is not an AI call goes to `next`, where there is one.
 * @example createServer(toNodeHandler(createGateway())).listen(8787, "127.0.0.1");
 */
export function toNodeHandler(gateway: Gateway, { send, forwarder = ownForwarder }: Carriers = {}): NodeHandler {
  return (request, response, next) => {
    const head = toHead(request);
    if (next !== undefined && !gateway.matches(head)) return next();
    const passing = gateway.passThrough(head.headers.upgrade === undefined ? head : withoutUpgrade(head));
    if (passing === undefined) push(gateway, { head, request, response }, send);
    else forwarder.forward(passing, request, response);
  };
}

/** As `toNodeHandler`, from a config; the gateway comes along for `close` and `reload`. */
export function createNodeHandler(config?: ConfigInput | string): NodeHandler & { readonly gateway: Gateway } {
  const gateway = createGateway(config);
  return Object.assign(toNodeHandler(gateway), { gateway });
}

/** A server that nobody asked to upgrade takes such a request for any other. */
const withoutUpgrade = (head: RequestHead): RequestHead => ({
  ...head,
  headers: { ...head.headers, upgrade: undefined },
});

function toRequest(head: RequestHead, request: Incoming): HttpRequest {
  const parsed = parsedBody(request);
  return {
    ...head,
    // A parser has undone the encoding that the header still names.
    headers: parsed === undefined ? request.headers : { ...request.headers, "content-encoding": undefined },
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

interface Exchanged {
  readonly head: RequestHead;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

function push(gateway: Gateway, { head, request, response }: Exchanged, send: Send | undefined): void {
  let flow: Flow | undefined;
  const sink: Sink = {
    head: (answered) => writeHead(answered, request, response),
    data: (bytes) => response.write(bytes),
    end: () => endAnswer(request, response),
    fail: () => response.destroy(),
  };
  response.on("drain", () => flow?.resume());
  response.on("close", () => {
    if (!response.writableFinished) flow?.abort(undefined);
  });
  flow = gateway.handle(toRequest(head, request), sink, send);
  // A middleware before us may have taken longer than the caller stayed.
  if (response.destroyed) flow.abort(undefined);
}
