import type { Call } from "../host.ts";

interface Entry {
  readonly call: Call;
  index: number;
}

/**
 * The calls that run. An array rather than a `Set`: the tables that a set outgrows each hold what was in them and lead to the next,
 * so that once one is old every call survives until a full collection.
 */
export class RunningCalls {
  readonly #entries: Entry[] = [];

  add(call: Call): void {
    const entry = { call, index: this.#entries.length };
    this.#entries.push(entry);
    void call.receipt.then(() => this.#remove(entry));
  }

  each(action: (call: Call) => void): void {
    for (const { call } of [...this.#entries]) action(call);
  }

  #remove(entry: Entry): void {
    const last = this.#entries.pop();
    if (last === undefined || last === entry) return;
    this.#entries[entry.index] = last;
    last.index = entry.index;
  }
}
