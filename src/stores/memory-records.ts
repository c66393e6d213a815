import type { CallRecord, Records } from "./records.ts";

/** The newest `keep` records. */
export function createMemoryRecords(keep: number): Records {
  const ring: CallRecord[] = [];
  let next = 0;
  return {
    async write(batch) {
      for (const record of batch) {
        ring[next] = record;
        next = (next + 1) % keep;
      }
    },
    async list(limit) {
      const newest = [...ring.slice(next), ...ring.slice(0, next)].reverse();
      return newest.slice(0, Math.max(0, limit));
    },
    async close() {},
  };
}
