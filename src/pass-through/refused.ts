import type { Call, PassThrough } from "../host.ts";

/** One that no step has seen, as a refused call is. */
export const refusedPassThrough = ({ id, receipt, reply, abort }: Call): PassThrough => ({
  id,
  receipt,
  admitted: Promise.resolve(undefined),
  head: () => undefined,
  end() {},
  fail() {},
  abort,
  onStop() {},
  reply,
});
