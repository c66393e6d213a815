import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { PassThrough } from "../../src/index.ts";
import { failureOf } from "./failure.ts";
import type { Watcher } from "./server.ts";
import { closeSoon, headText, writeTo } from "./socket.ts";

/** A WebSocket that is passed through: what the proxy server would tell of the provider, and what becomes of the caller's socket. */
export class Tunnel implements Watcher {
  readonly #passing: PassThrough;
  readonly #socket: Socket;
  #answered = false;

  constructor(passing: PassThrough, socket: Socket) {
    this.#passing = passing;
    this.#socket = socket;
    // A closed socket is how a tunnel ends; before it stood, the caller has left.
    const onClose = (): void => (this.#answered ? passing.end() : passing.abort(undefined));
    if (socket.destroyed) onClose();
    else socket.once("close", onClose);
    passing.onStop(() => this.#break());
  }

  /** Nothing is left to carry. */
  get over(): boolean {
    return this.#answered || this.#socket.destroyed;
  }

  /** Called before the proxy server listens itself, so that we hear of an upgrade first. */
  leaves(request: ClientRequest): void {
    this.#socket.once("close", () => request.destroy());
    request.once("upgrade", (answer, provider) => this.#opened(answer, provider));
    // Once it listens: it would pass on everything that the provider says.
    queueMicrotask(() => request.removeAllListeners("response").once("response", (answer) => this.#denied(answer)));
  }

  fail(error: Error): void {
    this.#passing.fail(failureOf(error));
    this.#break();
  }

  /** The caller is told where it has heard nothing yet. */
  #break(): void {
    if (this.#answered) this.#socket.destroy();
    else writeTo(this.#socket, this.#passing.reply());
    this.#answered = true;
  }

  /** The proxy server writes these headers to the caller. */
  #opened(answer: IncomingMessage, provider: Socket): void {
    const head = this.#passing.head({ status: 101, headers: answer.headers });
    this.#answered = true;
    if (head === undefined) {
      provider.destroy();
      return;
    }
    for (const name of Object.keys(answer.headers)) delete answer.headers[name];
    Object.assign(answer.headers, head.headers, { connection: "Upgrade", upgrade: "websocket" });
    this.#socket.once("close", () => provider.destroy());
    provider.once("close", () => this.#socket.destroySoon());
  }

  #denied(answer: IncomingMessage): void {
    const { statusCode: status = 502, headers } = answer;
    const head = this.#passing.head({ status, headers });
    this.#answered = true;
    if (head === undefined) {
      answer.resume();
      writeTo(this.#socket, this.#passing.reply());
      return;
    }
    const { "content-length": _length, ...kept } = head.headers;
    this.#socket.write(headText({ status, headers: { ...kept, connection: "close" } }), "latin1");
    answer.pipe(this.#socket, { end: false });
    answer.once("close", () => closeSoon(this.#socket));
  }
}
