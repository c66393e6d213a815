import type { Dialect, WireError, WireEvent } from "../dialects/dialect.ts";
import { createSseParser, type SseEvent } from "../dialects/sse.ts";
import type { Translation } from "../dialects/translate/translate.ts";
import { Refusal } from "../errors.ts";
import { type HttpHead, header } from "../http.ts";
import type { AttemptState } from "./attempt-context.ts";
import { join } from "./body.ts";
import type { Chain } from "./chain.ts";
import { createEventReader, wholeEvent } from "./event.ts";
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
  /** One came behind content, and has been passed on: nothing of worth follows. */
  brokeOff(): void;
  /** One event went through the hooks; `last`: the model finished and this was the protocol's end. */
  passed(last: boolean): void;
}

export interface AnswerParts {
  /** What the provider speaks; `translation` turns it into what the caller does. */
  readonly wire: Dialect;
  readonly dialect: Dialect;
  readonly translation: Translation | undefined;
  readonly status: number;
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
  /** The model said why it stopped, in every choice. */
  finished = false;
  readonly #stopped: number[] = [];
  /** Of several choices: usage was told as final, and none has stopped since. */
  #told = false;
  readonly #parts: AnswerParts;
  readonly #to: AnswerEvents;
  readonly #pieces: Uint8Array[] = [];
  readonly #parser: { write(bytes: Uint8Array): void; end(): void } | undefined;
  readonly #kind: AnswerKind;
  /** For what a translation tells. */
  #toTold: ((event: SseEvent) => WireEvent) | undefined = undefined;

  constructor(kind: AnswerKind, parts: AnswerParts, to: AnswerEvents) {
    this.#kind = kind;
    this.#parts = parts;
    this.#to = to;
    if (kind !== "events") return;
    const toEvent = createEventReader(parts.wire);
    this.#parser = createSseParser((event) => this.#event(toEvent(event)));
  }

  write(bytes: Uint8Array): void {
    if (this.#parser !== undefined) this.#parser.write(bytes);
    else {
      this.#parts.hold.add(bytes.length);
      this.#pieces.push(bytes);
    }
  }

  end(): void {
    const { wire } = this.#parts;
    if (this.#parser !== undefined) this.#endOfEvents(this.#parser);
    else if (this.#kind === "error") this.#errorBody(wholeEvent(join(this.#pieces), wire));
    else this.#whole(wholeEvent(join(this.#pieces), wire));
  }

  #event(event: WireEvent): void {
    if (this.#to.over) return;
    const { wire } = this.#parts;
    const stage = wire.stage(event);
    const stopped = this.#stopped.length;
    if (!this.finished && stage !== "error") this.#countStops(event, stage === "end");
    this.#measure(event);
    if (this.#parts.context.asked.choices > 1) this.#holdFinal(this.#stopped.length > stopped);
    if (stage === "error") {
      this.#erred(event);
      return;
    }
    this.#pass(event);
    this.#to.passed(stage === "end" && this.finished);
  }

  /** A server that gives fewer choices than were asked for still ends its stream itself. */
  #countStops(event: WireEvent, end: boolean): void {
    const { context, wire } = this.#parts;
    for (const choice of wire.finished(event)) if (!this.#stopped.includes(choice)) this.#stopped.push(choice);
    this.finished = this.#stopped.length >= (end ? 1 : context.asked.choices);
  }

  /** Usage that is told while choices still flow leaves out what comes of them. */
  #holdFinal(stopped: boolean): void {
    const { context } = this.#parts;
    const { usage } = context;
    this.#told = usage.final || (this.#told && !stopped);
    const final = this.#told && this.finished;
    if (usage.final !== final) context.usage = { ...usage, final };
  }

  /** @param failed the status of the error that the event or body tells of */
  #pass(event: WireEvent, failed?: number): void {
    const { chain, context, dialect, translation } = this.#parts;
    if (translation === undefined) chain.push(event);
    else if (this.#kind === "events") this.#tell(translation.event(event, context.usage));
    else {
      const { data } = event;
      const body = failed === undefined ? translation.whole(data, context.usage) : translation.error(data, failed);
      chain.push(wholeEvent(body, dialect));
    }
  }

  #tell(events: readonly SseEvent[]): void {
    const { chain, dialect } = this.#parts;
    this.#toTold ??= createEventReader(dialect);
    for (const event of events) chain.push(this.#toTold(event));
  }

  #endOfEvents(parser: { end(): void }): void {
    parser.end();
    const { context, translation } = this.#parts;
    if (translation !== undefined && !this.#to.over) this.#tell(translation.end(context.usage));
  }

  #whole(event: WireEvent): void {
    if (this.#parts.generates) {
      if (event.document() === undefined) throw new Refusal("upstream_invalid");
      this.#measure(event);
      if (this.#parts.wire.stage(event) === "error") {
        this.#erred(event);
        return;
      }
    }
    this.#pass(event);
    this.#to.passed(false);
  }

  /** An error body goes through the hooks too: it may quote placeholders. One that cannot be read stays as it is. */
  #errorBody(event: WireEvent): void {
    const { status, wire } = this.#parts;
    const told = wire.error(event.data);
    this.error = told.code ?? told.type;
    this.#pass(event, status);
  }

  /** Before content an in-band error is a failed attempt; after it, it is the provider's last word and passes. */
  #erred(event: WireEvent): void {
    const told = this.#parts.wire.errorOf(event);
    this.error = told.code ?? told.type ?? "error";
    if (this.#to.waiting) {
      this.#to.rejected(told);
      return;
    }
    this.#pass(event, told.status);
    this.#to.brokeOff();
  }

  #measure(event: WireEvent): void {
    const { context, wire } = this.#parts;
    context.usage = wire.usage(event, context.usage);
    context.flowed += wire.flowed(event);
  }
}
