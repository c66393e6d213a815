import type { Redacted } from "../facts.ts";
import type { CallRecord, NewRecord, Records } from "./records.ts";

/** Payloads as bytes: they live outside of the heap, where no collection copies them, and in half the memory of most strings. */
interface Kept {
  readonly record: Omit<CallRecord, "request" | "answer">;
  readonly request: Buffer | undefined;
  readonly answer: Buffer | undefined;
}

const toBytes = (of: string | Uint8Array | undefined): Buffer | undefined =>
  of === undefined ? undefined : typeof of === "string" ? Buffer.from(of) : Buffer.from(of);
const toText = (bytes: Buffer | undefined): Redacted | undefined => bytes?.toString() as Redacted | undefined;

const keep = ({ receipt, traceId, spanId, request, answer }: NewRecord): Kept => ({
  record: { receipt, traceId, spanId },
  request: toBytes(request),
  answer: toBytes(answer),
});

const restore = ({ record, request, answer }: Kept): CallRecord => ({
  ...record,
  request: toText(request),
  answer: toText(answer),
});

/** The newest `most` records. */
export function createMemoryRecords(most: number): Records {
  const ring: Kept[] = [];
  let next = 0;
  return {
    async write(batch) {
      for (const record of batch) {
        ring[next] = keep(record);
        next = (next + 1) % most;
      }
    },
    async list(limit) {
      const newest = [...ring.slice(next), ...ring.slice(0, next)].reverse();
      return newest.slice(0, Math.max(0, limit)).map(restore);
    },
    async close() {},
  };
}
