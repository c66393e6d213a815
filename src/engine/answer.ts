import type { Dialect, WireError, WireEvent } from "../dialects/dialect.ts";
import { createSseParser } from "../dialects/sse.ts";
import { Refusal } from "../errors.ts";
import { type HttpHead, header } from "../http.ts";
import type { AttemptState } from "./attempt-context.ts";
import { join } from "./body.ts";
import type { Chain } from "./chain.ts";
import { eventOf, wholeEvent } from "./event.ts";
import type { Hold } from "./gauge.ts";

/** `events`: SSE, one by one. `whole`: one JSON body. `error`: a provider's error, kept. `empty`: no body by definition. */
export type AnswerKind = "events" | "whole" | "error" | "empty" | "invalid";

export function kindOf(head: HttpHead, method: string): AnswerKind {
  if (head.status === 204 || head.status === 304 || (method === "HEAD" && head.status < 400)) return "empty";
  if (head.status >= 400) return "error";
  if (head.status < 200 || head.status >= 300) return "invalid";
  const type = (header(head.headers, "content-type") ?? "").toLowerCase();
  if (type.startsWith("text/event-stream")) return "events";
  return /^application\/(?:[\w.+-]+\+)?json\b/.test(type) ? "whole" : "invalid";
}

/** What an attempt learns of its answer while it is read. */
export interface AnswerEvents {
  /** Nothing has reached the caller yet. */
  readonly waiting: boolean;
  /** Nothing more is wanted. */
  readonly over: boolean;
  /** An error inside a 200 came before any content. */
  rejected(error: WireError): void;
  /** One event went through the hooks; `last`: the model finished and this was the protocol's end. */
  passed(last: boolean): void;
}

export interface AnswerParts {
  readonly dialect: Dialect;
  readonly context: AttemptState;
  readonly chain: Chain;
  /** Bounds what is kept of a whole body. */
  readonly hold: Hold;
  /** A model's answer: one without content is none. Other operations are any JSON. */
  readonly generates: boolean;
}

/** Turns an answer's bytes into events, reads their meaning, and sends them through the steps' hooks. */
export class Answer {
  /** The provider's own error code, from an error body or an in-band error. */
  error: string | undefined;
  /** The model said why it stopped. */
  finished = false;
  /** An error came inside the stream after content. */
  brokenInBand = false;
  readonly #parts: AnswerParts;
  readonly #to: AnswerEvents;
  readonly #pieces: Uint8Array[] = [];
  readonly #parser: { write(bytes: Uint8Array): void; end(): void } | undefined;
  readonly #kind: AnswerKind;

  constructor(kind: AnswerKind, parts: AnswerParts, to: AnswerEvents) {
    this.#kind = kind;
    this.#parts = parts;
    this.#to = to;
    if (kind === "events") this.#parser = createSseParser((event) => this.#event(eventOf(event, parts.dialect)));
  }

  write(bytes: Uint8Array): void {
    if (this.#parser !== undefined) this.#parser.write(bytes);
    else {
      this.#parts.hold.add(bytes.length);
      this.#pieces.push(bytes);
    }
  }

  end(): void {
    if (this.#parser !== undefined) this.#parser.end();
    else if (this.#kind === "error") this.#errorBody(wholeEvent(join(this.#pieces), this.#parts.dialect));
    else this.#whole(wholeEvent(join(this.#pieces), this.#parts.dialect));
  }

  #event(event: WireEvent): void {
    if (this.#to.over) return;
    const { dialect, chain } = this.#parts;
    const stage = dialect.stage(event);
    this.#measure(event);
    if (stage === "error" && this.#erred(event)) return;
    if (!this.finished) this.finished = dialect.finishes(event);
    chain.push(event);
    this.#to.passed(stage === "end" && this.finished);
  }

  #whole(event: WireEvent): void {
    if (this.#parts.generates) {
      if (event.document() === undefined) throw new Refusal("upstream_invalid");
      this.#measure(event);
      if (this.#parts.dialect.stage(event) === "error" && this.#erred(event)) return;
    }
    this.#parts.chain.push(event);
    this.#to.passed(false);
  }

  /** An error body goes through the hooks too: it may quote placeholders. One that cannot be read stays as it is. */
  #errorBody(event: WireEvent): void {
    const wire = this.#parts.dialect.error(event.data);
    this.error = wire.code ?? wire.type;
    this.#parts.chain.push(event);
  }

  /** Before content an in-band error is a failed attempt (true); after it, it is the provider's last word and passes. */
  #erred(event: WireEvent): boolean {
    const wire = this.#parts.dialect.errorOf(event);
    this.error = wire.code ?? wire.type ?? "error";
    if (this.#to.waiting) {
      this.#to.rejected(wire);
      return true;
    }
    this.brokenInBand = true;
    return false;
  }

  #measure(event: WireEvent): void {
    const { context, dialect } = this.#parts;
    context.usage = dialect.usage(event, context.usage);
    context.flowed += dialect.flowed(event);
  }
}
