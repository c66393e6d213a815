import { type HeaderMap, header } from "./http.ts";
import type { TraceParent } from "./step.ts";

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const hex = "0123456789abcdef";

function draw(random: () => number, alphabet: string, length: number): string {
  let text = "";
  for (let index = 0; index < length; index++) text += alphabet[Math.floor(random() * alphabet.length)];
  return text;
}

/** A ULID: 10 characters of time, 16 of randomness; sorts by time. https://github.com/ulid/spec */
export function ulid(now: number, random: () => number): string {
  let time = "";
  for (let rest = now, index = 0; index < 10; index++, rest = Math.floor(rest / 32)) time = crockford[rest % 32] + time;
  return time + draw(random, crockford, 16);
}

/** A W3C span id: 16 lower-case hex digits. */
export const spanId = (random: () => number): string => draw(random, hex, 16);

const traceparent = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;

/** The caller's trace context, or a new one. Invalid headers start a new trace, as W3C Trace Context §3.2 asks. */
export function traceParentOf(headers: HeaderMap, random: () => number): TraceParent {
  const [, traceId = "", parentId, flags = ""] = traceparent.exec(header(headers, "traceparent") ?? "") ?? [];
  if (parentId === undefined || /^0+$/.test(traceId) || /^0+$/.test(parentId)) {
    return { traceId: draw(random, hex, 32), parentId: undefined, sampled: true };
  }
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}
