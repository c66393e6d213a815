import type { Onward } from "./bodies.ts";
import type { Fields, Note } from "./fields.ts";
import type { CommonResponse, HeaderMutation, ProcessingRequest } from "./protocol.ts";

export type Side = "request" | "response";
export type Part = "headers" | "body" | "trailers";

/** One half of an exchange on its way through the filter: what comes in, and what the processor says of it. */
export interface Direction extends Onward {
  reply(part: Part, common: CommonResponse, mutation?: HeaderMutation): void;
  /** The processor is gone and nobody minds: what is still here goes on as it is. */
  release(): void;
  /** Nothing goes on any more. */
  stop(): void;
  /** Nothing was answered yet. */
  readonly untouched: boolean;
  readonly inputEnded: boolean;
  readonly complete: boolean;
}

export interface DirectionParts {
  readonly side: Side;
  /** Whether headers are shown, how the body is, and how it was configured to be before `mode_override`. */
  modes(): { readonly headers: boolean; readonly body: number; readonly configured: number };
  readonly onward: Onward;
  send(message: ProcessingRequest): void;
  /** A reply is due within the message timeout, or no longer is. */
  awaits(whether: boolean): void;
  note: Note;
  readonly limit: number;
  overLimit(): void;
  /** Called after mutations, before anything goes on. */
  clearRoute(fields: Fields, common: CommonResponse): void;
  /** In FULL_DUPLEX_STREAMED the processor ended before its input did. */
  endedEarly(): void;
  completed(): void;
}
