import type { Refusal } from "../../src/index.ts";
import { decode } from "./codec/decode.ts";
import { encode } from "./codec/encode.ts";
import type { Message, Part, Response } from "./codec/messages.ts";
import { type Mode, type Opener, type Outlet, type Parts, type Status, statuses } from "./mode.ts";
import { Order } from "./order.ts";

/** The gRPC server's end of one stream. */
export interface Transport {
  /** `false` asks for silence until the next drain. */
  write(message: Buffer): boolean;
  /** Ends with OK: only after a last message, since to Envoy it says "go on without me". */
  end(): void;
  /** Ends with an error: Envoy fails the call, and nothing goes on. */
  fail(status: Status, why: string): void;
  pause(): void;
  resume(): void;
}

/** One stream from its first message on; what its transport reports. */
export interface Served {
  message(bytes: Buffer): void;
  /** Half-closed: nothing more will come. */
  ended(): void;
  cancelled(): void;
  drained(): void;
  cut(refusal: Refusal): void;
}

/**
 * One external processing stream, which is one HTTP request: messages are decoded, put in order, and taken one by one by a mode. Whatever
 * goes wrong here ends the stream with an error status, for an end with OK would let the request go on without us.
 */
export class Stream implements Served, Outlet {
  readonly #parts: Parts;
  readonly #open: Opener;
  readonly #transport: Transport;
  readonly #order = new Order();
  #mode: Mode | undefined;
  #pending: (readonly [Part, Message])[] = [];
  #busy = false;
  /** The last message was sent, or an error. */
  over = false;
  #closed = false;

  constructor(parts: Parts, open: Opener, transport: Transport) {
    this.#parts = parts;
    this.#open = open;
    this.#transport = transport;
  }

  message(bytes: Buffer): void {
    if (this.over) return;
    try {
      const message = decode(bytes);
      const { part } = message;
      const place = part === undefined ? "unknown" : this.#order.place(part);
      if (place === "unknown") this.fail(statuses.invalidArgument, "a message of an unknown kind");
      if (place === "wrong") this.fail(statuses.invalidArgument, "a message out of order");
      if (part === undefined || place !== "right" || !this.#start(message)) return;
      this.#pending.push([part, message]);
      this.#pump();
    } catch {
      this.fail(statuses.invalidArgument, "not a message");
    }
  }

  ended(): void {
    if (this.over) this.#close();
    else this.#lose();
  }

  cancelled(): void {
    this.#closed = true;
    if (!this.over) this.#lose();
  }

  drained(): void {
    if (!this.over) this.#mode?.drained();
  }

  cut(refusal: Refusal): void {
    if (this.over) return;
    if (this.#mode === undefined) this.fail(statuses.unavailable, "shutting down");
    else this.#guard(() => this.#mode?.cut(refusal));
  }

  send(response: Response): boolean {
    return this.over || this.#transport.write(encode(response));
  }

  finish(response: Response): void {
    if (this.over) return;
    this.#transport.write(encode(response));
    this.over = true;
    this.resume();
  }

  fail(status: Status, why: string): void {
    if (this.over) return;
    this.over = true;
    this.#closed = true;
    this.#transport.fail(status, why);
    this.#mode?.gone();
  }

  leave(): void {
    this.over = true;
    this.#close();
  }

  pause(): void {
    if (!this.over) this.#transport.pause();
  }

  resume(): void {
    this.#transport.resume();
  }

  /** The first message decides what can run. */
  #start(message: Message): boolean {
    if (this.#mode !== undefined) return true;
    const opened = this.#open(this.#parts, this, message);
    if (typeof opened !== "string") this.#mode = opened;
    else this.fail(statuses.failedPrecondition, opened);
    return typeof opened !== "string";
  }

  #pump(): void {
    while (!this.#busy && !this.over) {
      const next = this.#pending.shift();
      if (next === undefined) return;
      const waiting = this.#guard(() => this.#mode?.take(...next));
      if (waiting === undefined) continue;
      this.#busy = true;
      this.pause();
      waiting
        .catch(() => this.fail(statuses.internal, "failed"))
        .finally(() => {
          this.#busy = false;
          this.resume();
          this.#pump();
        });
    }
  }

  #guard<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch {
      this.fail(statuses.internal, "failed");
      return undefined;
    }
  }

  /** Gone before our last message: whoever asked is not there any more, and nothing may go on. */
  #lose(): void {
    this.fail(statuses.cancelled, "gone");
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#transport.end();
  }
}
