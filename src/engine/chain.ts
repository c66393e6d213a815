import type { WireEvent } from "../dialects/dialect.ts";
import type { AttemptHooks, Emit } from "../step.ts";

/** The event hooks of one attempt, strung from the provider (last step) to the caller (first step). */
export interface Chain {
  push(event: WireEvent): void;
  /** Lets every hook release what it holds back. */
  close(): void;
}

export function createChain(hooks: readonly AttemptHooks[], out: Emit): Chain {
  const closers: (() => void)[] = [];
  let emit = out;
  for (const hook of hooks) {
    const next = emit;
    if (hook.close !== undefined) closers.unshift(() => hook.close?.(next));
    if (hook.event !== undefined) emit = (event) => hook.event?.(event, next);
  }
  return {
    push: emit,
    close() {
      for (const close of closers) close();
    },
  };
}
