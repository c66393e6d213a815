import type { SseEvent } from "../sse.ts";

/** An event of our own, one line of JSON long. */
export function wireEvent(name: string | undefined, json: string): SseEvent {
  const head = name === undefined ? "data: " : `event: ${name}\ndata: `;
  const original = Buffer.from(`${head}${json}\n\n`);
  const data = original.subarray(head.length, original.length - 2);
  return { original, name, data, hasData: true, complete: true };
}

/** The object that an event's data is; `undefined` where it is broken off or none. */
export function objectOf(data: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString();
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

export const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
