import type { Parts } from "../step.ts";
import type { NewRecord } from "../stores/records.ts";

const queueLimit = 10_000;
const batchLimit = 500;

/** Writes records in batches behind a bounded queue: a store that is slow or gone costs records, never a call. */
export interface Recorder {
  add(record: NewRecord): void;
  readonly dropped: number;
  /** Writes what is queued, once. */
  close(): Promise<void>;
}

export function createRecorder({ stores, log }: Pick<Parts, "stores" | "log">): Recorder {
  let queue: NewRecord[] = [];
  let writing: Promise<void> | undefined;
  let dropped = 0;

  const drop = (count: number): void => {
    if (dropped === 0) log.warn({ dropped: count }, "records are dropped: the store does not keep up or failed");
    dropped += count;
  };
  const writeAll = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = queue.slice(0, batchLimit);
      queue = queue.slice(batchLimit);
      await stores.records.write(batch).catch(() => drop(batch.length));
    }
    writing = undefined;
  };
  return {
    add(record) {
      if (queue.length >= queueLimit) return drop(1);
      queue.push(record);
      // One microtask later, so that all calls of a tick share a batch.
      writing ??= Promise.resolve().then(writeAll);
    },
    get dropped() {
      return dropped;
    },
    close: () => writing ?? Promise.resolve(),
  };
}
