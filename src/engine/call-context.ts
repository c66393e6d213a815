import { type Ask, bareAsk, type Dialect, type Operation } from "../dialects/dialect.ts";
import { createFacts } from "../facts.ts";
import type { RequestHead } from "../http.ts";
import type { CallContext, Parts } from "../step.ts";
import { traceParentOf, ulid } from "./ids.ts";

/** Before the body is read nothing more is known of it than what is to be done. Made once, since a spread costs microseconds. */
const unread: Readonly<Record<Operation, Ask>> = {
  chat: { ...bareAsk, operation: "chat", model: "" },
  count_tokens: { ...bareAsk, operation: "count_tokens", model: "" },
  models: { ...bareAsk, operation: "models", model: "" },
  model: { ...bareAsk, operation: "model", model: "" },
};

/** The steps' view of a call; `ask` is set once the body is read. */
export class CallState implements CallContext {
  readonly id: string;
  readonly head: RequestHead;
  readonly dialect: Dialect;
  readonly startedAt: number;
  readonly startedTicks: number;
  readonly parent: CallContext["parent"];
  readonly facts = createFacts();
  readonly mode: CallContext["mode"];
  ask: Ask;
  readonly #parts: Parts;
  readonly #deadline: number;
  #endings: (() => void)[] = [];
  #ended = false;

  constructor(
    head: RequestHead,
    dialect: Dialect,
    parts: Parts,
    settings: { mode: CallContext["mode"]; deadline: number },
  ) {
    this.#parts = parts;
    this.#deadline = settings.deadline;
    this.startedAt = parts.clock.now();
    this.startedTicks = parts.clock.ticks();
    this.id = ulid(this.startedAt, parts.random);
    this.head = head;
    this.dialect = dialect;
    this.parent = traceParentOf(head.headers, parts.random);
    this.mode = settings.mode;
    this.ask = unread[dialect.operation(head) ?? "chat"];
  }

  elapsed(): number {
    return this.#parts.clock.ticks() - this.startedTicks;
  }

  remaining(): number {
    return Math.max(0, this.#deadline - this.elapsed());
  }

  onEnd(callback: () => void): void {
    if (this.#ended) callback();
    else this.#endings.push(callback);
  }

  end(): void {
    this.#ended = true;
    const endings = this.#endings;
    this.#endings = [];
    for (const callback of endings) callback();
  }
}
