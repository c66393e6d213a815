import { Refusal } from "../errors.ts";
import type { Clock, Logger } from "../step.ts";

/** Milliseconds that a call waits for a store. */
const longestWait = 2_000;
/** Milliseconds that closing waits for what is still being written. */
const closing = 10_000;
/** Milliseconds between tries of what has to be written sooner or later: together about five minutes. */
const pauses = [200, 1_000, 5_000, 30_000, 60_000, 200_000];

/** The store's answer, or a refusal when it fails or takes too long. What it answers later is dropped. */
export function within<T>(clock: Clock, store: string, action: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    let answered = false;
    let cancel: (() => void) | undefined;
    const fail = (): void => {
      answered = true;
      cancel?.();
      reject(new Refusal("store_unavailable", { store }, 1_000));
    };
    action().then((value) => {
      answered = true;
      cancel?.();
      resolve(value);
    }, fail);
    // A store within this process has answered by the next microtask and needs no timer.
    void Promise.resolve().then(() => {
      if (!answered) cancel = clock.after(longestWait, fail);
    });
  });
}

const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(ms, resolve);
  });

/** Writes what must not be lost. */
export interface Persistence {
  /** Resolves after the first try, whatever came of it; goes on trying in the background. `action` has to be idempotent. */
  write(id: string, store: string, action: () => Promise<void>): Promise<void>;
  /** Resolves when nothing is left to write, or after ten seconds. */
  close(): Promise<void>;
}

export function createPersistence(clock: Clock, log: Logger): Persistence {
  const pending = new Set<Promise<void>>();

  const retry = async (id: string, store: string, action: () => Promise<void>): Promise<void> => {
    for (const ms of pauses) {
      await pause(clock, ms);
      try {
        return await within(clock, store, action);
      } catch {
        log.warn({ call: id, code: "store_unavailable", store }, "a settlement is not written yet");
      }
    }
    log.error({ call: id, code: "store_unavailable", store }, "a settlement was not written; its money stays held");
  };

  return {
    async write(id, store, action) {
      try {
        await within(clock, store, action);
      } catch {
        const retried = retry(id, store, action).finally(() => pending.delete(retried));
        pending.add(retried);
      }
    },
    async close() {
      if (pending.size > 0) await Promise.race([Promise.all(pending), pause(clock, closing)]);
    },
  };
}
