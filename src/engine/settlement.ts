import { noUsage } from "../dialects/dialect.ts";
import { type ErrorCode, Refusal, toRefusal } from "../errors.ts";
import { type Attributes, facts } from "../facts.ts";
import type { AttemptContext, AttemptOutcome, CallOutcome, Receipt, Summary } from "../step.ts";
import type { CallState } from "./call-context.ts";
import { outcomeOf } from "./ending.ts";
import type { Engine } from "./engine.ts";
import type { Hooks } from "./hooks.ts";
import { type Ended, snapshot } from "./outcome.ts";

interface Ending {
  readonly outcome: CallOutcome;
  readonly status: number;
  readonly code: ErrorCode | undefined;
}

/** How a call ends: exactly once, whatever ends it. */
export class Settlement {
  readonly receipt: Promise<Receipt>;
  refusal: Refusal | undefined;
  /** The attempt under way, for a summary before its end. */
  live: AttemptContext | undefined;
  readonly #state: CallState;
  readonly #hooks: Hooks;
  readonly #engine: Engine;
  readonly #operation: string | undefined;
  readonly #outcomes: AttemptOutcome[] = [];
  readonly #pending: Promise<void>[] = [];
  #overhead: number | undefined;
  #ending: Ending | undefined;
  #resolve: (receipt: Receipt) => void = () => {};

  /** @param operation what no dialect has a name for */
  constructor(state: CallState, hooks: Hooks, engine: Engine, operation?: string) {
    this.#state = state;
    this.#hooks = hooks;
    this.#engine = engine;
    this.#operation = operation;
    this.receipt = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get settled(): boolean {
    return this.#ending !== undefined;
  }

  get attempts(): number {
    return this.#outcomes.length;
  }

  get summary(): Summary {
    const last = this.#outcomes.findLast((outcome) => outcome.committed) ?? this.#outcomes.at(-1);
    const spent = this.#outcomes.reduce((sum, outcome) => sum + outcome.cost, 0n);
    return {
      id: this.#state.id,
      // A caller may write anything there, and it may pass when observing.
      model: this.told(this.#state.ask.model),
      target: this.live?.target.name ?? last?.target,
      usage: this.live?.usage ?? last?.usage ?? noUsage,
      cost: spent + (this.live?.cost ?? 0n),
      findings: this.#state.facts.get(facts.findings) ?? [],
      attempts: this.#outcomes,
      overhead: this.#overhead ?? this.#state.elapsed(),
    };
  }

  /** A name as it may be recorded: without what redaction hides, whatever was decided about it. */
  told(name: string): string {
    return this.#engine.names.told(name, this.#state.facts.get(facts.scrub));
  }

  /** An attempt's bytes leave: until the first of them, all time was ours. */
  left(): void {
    this.#overhead ??= this.#state.elapsed();
  }

  add({ outcome, pending }: Ended): void {
    this.live = undefined;
    this.#outcomes.push(outcome);
    this.#pending.push(...pending);
  }

  headers(): Readonly<Record<string, string>> {
    const headers: Record<string, string> = { "x-postern-call-id": this.#state.id };
    const summary = this.summary;
    if (summary.target !== undefined) headers["x-postern-target"] = summary.target;
    this.#hooks.each((hooks) => Object.assign(headers, hooks.answer?.(summary)));
    return headers;
  }

  answer(status: number): void {
    this.#settle({ outcome: "answered", status, code: undefined });
  }

  fail(code: ErrorCode, status: number): void {
    this.#settle({ outcome: "failed", status, code });
  }

  refuse(cause: unknown): void {
    if (!(cause instanceof Refusal)) this.#report(cause, "a step failed");
    this.refusal = toRefusal(cause);
    const { code, status } = this.refusal;
    this.#settle({
      outcome: outcomeOf(
        code,
        this.#outcomes.some((outcome) => outcome.sent),
      ),
      status,
      code,
    });
  }

  end(outcome: AttemptOutcome, status: number): void {
    const outcomes = {
      answered: "answered",
      cut: "cut",
      aborted: "aborted",
      broken: "failed",
      rejected: "failed",
      vetoed: "failed",
    } as const;
    this.#settle({ outcome: outcomes[outcome.result], status, code: outcome.code });
  }

  #settle(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    const receipt = this.#receiptOf(ending);
    this.#hooks.each((hooks, name) => {
      try {
        const waiting = hooks.settle?.(receipt);
        if (waiting !== undefined) this.#pending.push(waiting);
      } catch (cause) {
        this.#report(cause, `${name} failed to settle`);
      }
    });
    void this.#finish(receipt);
  }

  async #finish(receipt: Receipt): Promise<void> {
    for (const result of await Promise.allSettled(this.#pending)) {
      if (result.status === "rejected") this.#report(result.reason, "a store failed to settle");
    }
    this.#engine.gauge.leave();
    this.#resolve(receipt);
  }

  #receiptOf({ outcome, status, code }: Ending): Receipt {
    const { ask, dialect, facts: known, startedAt } = this.#state;
    const caller = known.get(facts.caller);
    const { id, model, target, usage, cost, findings, overhead } = this.summary;
    return {
      id,
      target,
      usage,
      cost,
      findings,
      overhead,
      attempts: this.#outcomes.map((each) => Object.assign(snapshot(each), { model: this.told(each.model) })),
      outcome,
      status,
      code,
      dialect: dialect.name,
      operation: this.#operation ?? ask.operation,
      model,
      prompt: known.get(facts.prompt),
      stream: ask.stream,
      budget: known.get(facts.budget)?.(),
      key: caller?.key,
      attributes: this.#toldOf(caller?.attributes ?? {}),
      startedAt,
      duration: this.#state.elapsed(),
      observed: this.#hooks.observed,
    };
  }

  #toldOf(attributes: Attributes): Attributes {
    const told: Record<string, string> = {};
    for (const [name, value] of Object.entries(attributes)) told[name] = this.told(value);
    return told;
  }

  /** Code or class name and stack frames; the message may quote the request and is left out. */
  #report(cause: unknown, message: string): void {
    const known =
      cause instanceof Refusal
        ? { code: cause.code }
        : { error: cause instanceof Error ? this.told(cause.name) : typeof cause };
    const frames = cause instanceof Error ? framesOf(cause).map((frame) => this.told(frame)) : [];
    this.#engine.parts.log.error({ call: this.#state.id, ...known, frames }, message);
  }
}

/** Without the message before them, whose lines may look like frames; none where the message was changed since. */
function framesOf({ message, stack = "" }: Error): readonly string[] {
  const start = stack.indexOf(message);
  const lines = start < 0 ? [] : stack.slice(start + message.length).split("\n");
  return lines.filter((line) => /^\s+at /.test(line)).slice(0, 8);
}
