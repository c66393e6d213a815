import { type ErrorCode, Refusal } from "../errors.ts";
import type { Reply } from "../http.ts";
import type { AttemptContext, AttemptHooks, AttemptOutcome, CallContext, CallHooks, Step } from "../step.ts";

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

  /** Stops at the first reply; throws the first refusal. */
  async run(hook: (hooks: CallHooks) => ReturnType<NonNullable<CallHooks["head"]>>): Promise<Reply | undefined> {
    for (const { name, hooks } of this.#opened) {
      try {
        const result = hook(hooks);
        const reply = result instanceof Promise ? await result : result;
        if (reply !== undefined) return reply as Reply;
      } catch (cause) {
        this.#note(name, cause);
      }
    }
    return undefined;
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
  next(last: AttemptOutcome | undefined, asked: string | undefined): ReturnType<NonNullable<CallHooks["next"]>> {
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
