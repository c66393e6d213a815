import { type HeaderMap, header } from "../http.ts";
import type { TraceParent } from "../step.ts";

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const hex = "0123456789abcdef";

/** Characters that one draw of 30 bits yields, of either alphabet: their lengths are powers of two. */
const perDraw = 6;

function draw(random: () => number, alphabet: string, length: number): string {
  const last = alphabet.length - 1;
  const width = 31 - Math.clz32(alphabet.length);
  let text = "";
  let bits = 0;
  for (let index = 0; index < length; index++) {
    bits = index % perDraw === 0 ? Math.floor(random() * 0x40000000) : bits >> width;
    text += alphabet[bits & last];
  }
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
