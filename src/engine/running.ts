import type { Call } from "../host.ts";

type Running = Pick<Call, "receipt" | "abort">;

interface Entry {
  readonly call: Running;
  index: number;
}

/**
 * The calls that run. An array rather than a `Set`: the tables that a set outgrows each hold what was in them and lead to the next,
 * so that once one is old every call survives until a full collection.
 */
export class RunningCalls {
  readonly #entries: Entry[] = [];

  add<T extends Running>(call: T): T {
    const entry = { call, index: this.#entries.length };
    this.#entries.push(entry);
    void call.receipt.then(() => this.#remove(entry));
    return call;
  }

  each(action: (call: Running) => void): void {
    for (const { call } of [...this.#entries]) action(call);
  }

  #remove(entry: Entry): void {
    const last = this.#entries.pop();
    if (last === undefined || last === entry) return;
    this.#entries[entry.index] = last;
    last.index = entry.index;
  }
}
