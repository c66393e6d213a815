import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { PassThrough } from "../../src/index.ts";
import { endAnswer, writeHead, writeReply } from "../node-message.ts";
import { failureOf } from "./failure.ts";
import type { Watcher } from "./server.ts";

/** One request that is passed through, and its answer on its way to the caller. */
export class Forwarding implements Watcher {
  /** The caller has its answer, or will get none. */
  over = false;
  readonly #passing: PassThrough;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #stop: () => void;

  /** @param stop the request to the provider */
  constructor(passing: PassThrough, request: IncomingMessage, response: ServerResponse, stop: () => void) {
    this.#passing = passing;
    this.#request = request;
    this.#response = response;
    this.#stop = stop;
    response.once("close", () => this.cancel());
    passing.onStop(() => this.#break());
  }

  cancel(): void {
    this.over = true;
    if (!this.#response.writableFinished) this.#stop();
  }

  answers(answer: IncomingMessage): void {
    const { statusCode: status = 502, headers } = answer;
    const head = this.#passing.head({ status, headers });
    if (head === undefined) {
      answer.destroy();
      this.#break();
      return;
    }
    writeHead(head, this.#request, this.#response);
    pipeline(answer, this.#response, { end: false }).then(
      () => this.#end(),
      (cause) => this.fail(cause),
    );
  }

  fail(error: Error): void {
    this.#passing.fail(failureOf(error));
    this.#break();
  }

  #end(): void {
    if (this.over) return;
    this.over = true;
    this.#passing.end();
    // A request that is not written to its end would keep its connection open.
    if (!this.#request.readableEnded) this.#stop();
    this.#leaveBody();
    endAnswer(this.#request, this.#response);
  }

  /** The caller is told where it has heard nothing yet; else its answer breaks off. */
  #break(): void {
    if (this.over) return;
    this.over = true;
    this.#stop();
    this.#leaveBody();
    if (this.#response.headersSent) this.#response.destroy();
    else writeReply(this.#passing.reply(), this.#request, this.#response);
  }

  /** What of the body nobody takes any more is read and dropped. */
  #leaveBody(): void {
    this.#request.unpipe();
    if (!this.#request.readableEnded) this.#request.resume();
  }
}
