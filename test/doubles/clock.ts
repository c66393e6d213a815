import type { Clock } from "../../src/step.ts";

export interface FakeClock extends Clock {
  /** Moves both times on; timers that fall due run in order, those that they start too where they fall into the span. */
  advance(ms: number): void;
  /** Timers that wait: 0 after a clean end. */
  readonly pending: number;
}

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** A clock that stands still until `advance`. Begins at `now` (milliseconds since the epoch), with `ticks` at 0. */
export function createFakeClock(now: number = Date.UTC(2026, 0, 1)): FakeClock {
  let ticks = 0;
  const timers = new Set<Timer>();

  const earliest = (until: number): Timer | undefined => {
    let found: Timer | undefined;
    for (const timer of timers) {
      if (timer.due <= until && (found === undefined || timer.due < found.due)) found = timer;
    }
    return found;
  };

  return {
    now: () => now + ticks,
    ticks: () => ticks,
    after(ms, callback) {
      const timer = { due: ticks + Math.max(0, ms), callback };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    advance(ms) {
      const until = ticks + ms;
      for (let timer = earliest(until); timer !== undefined; timer = earliest(until)) {
        timers.delete(timer);
        ticks = Math.max(ticks, timer.due);
        timer.callback();
      }
      ticks = until;
    },
    get pending() {
      return timers.size;
    },
  };
}
