import type { Clock } from "../../src/step.ts";
import type { Stores } from "../../src/stores/stores.ts";

export type StoreOperation =
  | "counters.reserve"
  | "counters.settle"
  | "counters.read"
  | "counters.take"
  | "ledger.append"
  | "records.write"
  | "records.list";

/**
 * `fail`: rejects and does nothing. `lose`: does it, and rejects. `hang`: does nothing until `mend`. `delay`: does it after so many
 * milliseconds of the clock. `linger`: does it at once, and answers after so many.
 */
export type Fault = "fail" | "lose" | "hang" | { readonly delay: number } | { readonly linger: number };

export interface FaultyStores extends Stores {
  /** From now on, or for the next `times` calls, the operation has this fault. */
  break(operation: StoreOperation, fault: Fault, times?: number): void;
  /** Ends the faults of one operation or of all; what hangs goes on. */
  mend(operation?: StoreOperation): void;
  /** How often an operation was called. */
  calls(operation: StoreOperation): number;
}

interface Broken {
  readonly fault: Fault;
  left: number;
}

const failed = (): Error => new Error("the store is broken on command");

/** Stores around others that are slow and fail on command. Without a command they add nothing. */
export function createFaultyStores(inner: Stores, clock: Clock): FaultyStores {
  const broken = new Map<StoreOperation, Broken>();
  const counts = new Map<StoreOperation, number>();
  const hanging: { readonly operation: StoreOperation; go(): void }[] = [];
  const wait = (ms: number): Promise<void> => new Promise((resolve) => void clock.after(ms, resolve));

  const faultOf = (operation: StoreOperation): Fault | undefined => {
    counts.set(operation, (counts.get(operation) ?? 0) + 1);
    const found = broken.get(operation);
    if (found === undefined || found.left === 0) return undefined;
    found.left--;
    return found.fault;
  };

  const run = async <T>(operation: StoreOperation, action: () => Promise<T>): Promise<T> => {
    const fault = faultOf(operation);
    if (fault === undefined) return action();
    if (fault === "fail") throw failed();
    if (fault === "hang") await new Promise<void>((resolve) => hanging.push({ operation, go: resolve }));
    else if (fault !== "lose" && "delay" in fault) await wait(fault.delay);
    const result = await action();
    if (fault === "lose") throw failed();
    if (typeof fault === "object" && "linger" in fault) await wait(fault.linger);
    return result;
  };

  return {
    counters: {
      reserve: (...args) => run("counters.reserve", () => inner.counters.reserve(...args)),
      settle: (...args) => run("counters.settle", () => inner.counters.settle(...args)),
      read: (...args) => run("counters.read", () => inner.counters.read(...args)),
      take: (...args) => run("counters.take", () => inner.counters.take(...args)),
      close: () => inner.counters.close(),
    },
    ledger: {
      append: (entry) => run("ledger.append", () => inner.ledger.append(entry)),
      durable: inner.ledger.durable,
      close: () => inner.ledger.close(),
    },
    records: {
      write: (batch) => run("records.write", () => inner.records.write(batch)),
      list: (limit) => run("records.list", () => inner.records.list(limit)),
      close: () => inner.records.close(),
    },
    break(operation, fault, times = Number.POSITIVE_INFINITY) {
      broken.set(operation, { fault, left: times });
    },
    mend(operation) {
      if (operation === undefined) broken.clear();
      else broken.delete(operation);
      const free = hanging.filter((one) => operation === undefined || one.operation === operation);
      for (const one of free) {
        hanging.splice(hanging.indexOf(one), 1);
        one.go();
      }
    },
    calls: (operation) => counts.get(operation) ?? 0,
  };
}
