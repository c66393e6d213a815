import { isUtf8 } from "node:buffer";
import type { Json } from "./json.ts";
import type { Losses } from "./losses.ts";
import type { Source, Turn } from "./model.ts";

const isText = /^text\/(?:plain|markdown|csv|html)$/;

/** Media as a `data:` URL has it; text is decoded. `undefined` where it is not base64, or text that is not UTF-8. */
export function fromDataUrl(url: string): Source | undefined {
  const comma = url.indexOf(",");
  const head = url.slice("data:".length, Math.max(comma, 0)).toLowerCase();
  if (comma < 0 || !head.endsWith(";base64")) return undefined;
  const mediaType = (head.split(";")[0] ?? "").trim();
  const data = url.slice(comma + 1);
  if (!isText.test(mediaType)) return { kind: "base64", mediaType, data };
  const bytes = Buffer.from(data, "base64");
  return isUtf8(bytes) ? { kind: "text", text: bytes.toString() } : undefined;
}

export const toDataUrl = (mediaType: string, data: string): string => `data:${mediaType};base64,${data}`;

/** The object that a text is, or `undefined` where it is anything else. */
export function objectIn(text: string, json: Json): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = json.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Where the assistant spoke last one wire has it go on and another has it speak anew, and with some models neither. */
export function namePrefill(turns: readonly Turn[], losses: Losses): void {
  const last = turns.at(-1);
  const calls = last?.blocks.some(({ kind }) => kind === "call");
  if (last?.role === "assistant" && calls === false) losses.name(last.at, "changed");
}
