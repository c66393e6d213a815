import type { Redacted, RedactedBytes } from "../facts.ts";
import type { Receipt } from "../step.ts";

/** What is kept of a call: the receipt, the trace it belongs to, and payloads only in redacted form. */
export interface CallRecord {
  readonly receipt: Receipt;
  readonly traceId: string;
  readonly spanId: string;
  readonly request: Redacted | undefined;
  readonly answer: Redacted | undefined;
}

/** A call as it is written: the request still as bytes, which may be the caller's own, so that who keeps them makes a copy. */
export interface NewRecord extends Omit<CallRecord, "request"> {
  readonly request: RedactedBytes | undefined;
}

export interface Records {
  /** May reject or be slow; the caller of it bounds its queue, drops and counts. */
  write(batch: readonly NewRecord[]): Promise<void>;
  /** Newest first. */
  list(limit: number): Promise<readonly CallRecord[]>;
  close(): Promise<void>;
}
