import { createFakeClock, type FakeClock } from "./clock.ts";

export interface GatedClock extends FakeClock {
  /** Moves on to the next timer that is due; `false` where none waits. */
  step(): boolean;
  /** Resolves when a timer of so many milliseconds has been set, before or after. */
  armed(ms: number): Promise<void>;
}

/** A fake clock that can be moved from timer to timer, so that a test sees whether anything is still waited for. */
export function createGatedClock(): GatedClock {
  const clock = createFakeClock();
  const waiting = new Map<symbol, number>();
  const seen = new Set<number>();
  const listeners = new Map<number, () => void>();

  return {
    ...clock,
    get pending() {
      return clock.pending;
    },
    after(ms, callback) {
      const timer = Symbol();
      waiting.set(timer, clock.ticks() + ms);
      seen.add(ms);
      listeners.get(ms)?.();
      const cancel = clock.after(ms, () => {
        waiting.delete(timer);
        callback();
      });
      return () => {
        waiting.delete(timer);
        cancel();
      };
    },
    step() {
      if (waiting.size === 0) return false;
      clock.advance(Math.max(0, Math.min(...waiting.values()) - clock.ticks()));
      return true;
    },
    armed: (ms) => (seen.has(ms) ? Promise.resolve() : new Promise((resolve) => listeners.set(ms, resolve))),
  };
}
