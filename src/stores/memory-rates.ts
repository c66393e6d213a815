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

const fewest = 64;

/** Windows that ended are dropped whenever their number has doubled, so that it stays within twice that of the live ones. */
export function createMemoryRates(): MemoryRates {
  const windows = new Map<string, Window>();
  let sweepAt = fewest;

  const sweep = (now: number): void => {
    for (const [key, { endsAt }] of windows) if (endsAt <= now) windows.delete(key);
    sweepAt = Math.max(fewest, windows.size * 2);
  };

  return {
    take(key, limit, span, now) {
      const window = windows.get(key);
      if (window !== undefined && window.endsAt > now) {
        if (window.count >= limit) return window.endsAt - now;
        window.count++;
        return 0;
      }
      if (limit < 1) return span;
      windows.set(key, { endsAt: now + span, count: 1 });
      if (windows.size >= sweepAt) sweep(now);
      return 0;
    },
    get size() {
      return windows.size;
    },
  };
}
