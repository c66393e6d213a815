import { type ErrorCode, Refusal } from "../errors.ts";
import type { Reply } from "../http.ts";
import type { AttemptContext, AttemptHooks, AttemptOutcome, CallContext, CallHooks, Picked, Step } from "../step.ts";

type Answered = ReturnType<NonNullable<CallHooks["head"]>>;

interface Opened {
  readonly name: string;
  readonly hooks: CallHooks;
}

/**
 * The steps of one call, run in their order. When observing, what a step refuses is noted and the call goes on; `access` is only
 * overruled by a host that cannot change what passes.
 */
export class Hooks {
  readonly observed: ErrorCode[] = [];
  readonly #opened: readonly Opened[];
  readonly #observesAll: boolean;
  readonly #observes: boolean;

  constructor(steps: readonly Step[], call: CallContext, mutates: boolean) {
    this.#opened = steps.map((step) => ({ name: step.name, hooks: step.open(call) }));
    this.#observesAll = !mutates;
    this.#observes = call.mode === "observe";
  }

  /** Stops at the first reply; throws the first refusal. A promise only where a step returned one. */
  run(hook: (hooks: CallHooks) => Answered): Reply | undefined | Promise<Reply | undefined> {
    return this.#runFrom(0, hook);
  }

  #runFrom(from: number, hook: (hooks: CallHooks) => Answered): Reply | undefined | Promise<Reply | undefined> {
    for (let index = from; index < this.#opened.length; index++) {
      const { name, hooks } = this.#opened[index] as Opened;
      try {
        const reply = hook(hooks);
        if (reply instanceof Promise) return this.#runBehind(index, reply, hook);
        if (reply !== undefined) return reply as Reply;
      } catch (cause) {
        this.#note(name, cause);
      }
    }
    return undefined;
  }

  async #runBehind(
    index: number,
    waiting: Promise<Reply | void>,
    hook: (hooks: CallHooks) => Answered,
  ): Promise<Reply | undefined> {
    try {
      const reply = await waiting;
      if (reply !== undefined) return reply as Reply;
    } catch (cause) {
      this.#note((this.#opened[index] as Opened).name, cause);
    }
    return this.#runFrom(index + 1, hook);
  }

  /** Opens an attempt in every step; what was opened is in `into` even when a later step throws. */
  async attempt(context: AttemptContext, into: AttemptHooks[]): Promise<void> {
    for (const { name, hooks } of this.#opened) {
      if (hooks.attempt === undefined) continue;
      try {
        const result = hooks.attempt(context);
        const opened = result instanceof Promise ? await result : result;
        if (opened !== undefined) into.push(opened);
      } catch (cause) {
        this.#note(name, cause);
      }
    }
  }

  /** Asks the one step that routes. */
  next(last: AttemptOutcome | undefined, asked: Picked | undefined): ReturnType<NonNullable<CallHooks["next"]>> {
    return this.#opened.find(({ hooks }) => hooks.next !== undefined)?.hooks.next?.(last, asked);
  }

  /** In the order of the steps. */
  each(action: (hooks: CallHooks, name: string) => void): void {
    for (const { name, hooks } of this.#opened) action(hooks, name);
  }

  #note(name: string, cause: unknown): void {
    const observed = this.#observesAll || (this.#observes && name !== "access");
    if (!(cause instanceof Refusal) || !observed) throw cause;
    this.observed.push(cause.code);
  }
}
