interface Window {
  readonly endsAt: number;
  count: number;
}

/** Counts events in windows that begin with their first event. */
export interface MemoryRates {
  /** 0 when one more event fits under `limit`, else the milliseconds to wait. */
  take(key: string, limit: number, span: number, now: number): number;
  /** How many windows are kept. */
  readonly size: number;
}

/** Windows that ended are dropped from the oldest on, two for each that begins, so that their number stays that of the live ones. */
export function createMemoryRates(): MemoryRates {
  const windows = new Map<string, Window>();

  const prune = (now: number): void => {
    let checked = 0;
    for (const [key, window] of windows) {
      if (window.endsAt > now || checked++ === 2) return;
      windows.delete(key);
    }
  };

  return {
    take(key, limit, span, now) {
      const window = windows.get(key);
      if (window === undefined || window.endsAt <= now) {
        prune(now);
        if (limit < 1) return span;
        windows.set(key, { endsAt: now + span, count: 1 });
        return 0;
      }
      if (window.count >= limit) return window.endsAt - now;
      window.count++;
      return 0;
    },
    get size() {
      return windows.size;
    },
  };
}
