import type { Clock, Gateway, Refusal } from "../../src/index.ts";
import type { Message, Part, Response } from "./codec/messages.ts";

/** gRPC status codes. */
export const statuses = {
  cancelled: 1,
  invalidArgument: 3,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  internal: 13,
  unavailable: 14,
} as const;
export type Status = (typeof statuses)[keyof typeof statuses];

/** What a mode says. After `finish` or `fail` nothing more is sent, and what still arrives is not looked at. */
export interface Outlet {
  send(response: Response): boolean;
  /** Sends the message that ends the call; Envoy then ends the stream. */
  finish(response: Response): void;
  fail(status: Status, why: string): void;
  /** Of a mode that never answers: everything that was to be seen has been seen. */
  leave(): void;
  pause(): void;
  resume(): void;
  readonly over: boolean;
}

/** One call in one mode. */
export interface Mode {
  /** In their order; the next one waits for the promise. */
  take(part: Part, message: Message): Promise<void> | void;
  /** The caller or Envoy is gone. */
  gone(): void;
  /** Ends the call in an orderly way, with this as its reason. */
  cut(refusal: Refusal): void;
  /** There is room to send again. */
  drained(): void;
}

export interface Parts {
  readonly gateway: Gateway;
  readonly clock: Clock;
  /** Bytes of one streamed answer. */
  readonly answerBytes: number;
  /** The target that Envoy's route has picked already. */
  readonly picked: string | undefined;
}

/** Starts a mode with the first message, or says why it cannot run so. */
export type Opener = (parts: Parts, outlet: Outlet, first: Message) => Mode | string;
