import type { Json } from "./json.ts";
import type { Losses } from "./losses.ts";
import type { Source, Turn } from "./model.ts";

/**
 * Media as a `data:` URL has it; `undefined` where it is not base64. Text stays behind base64 too: nobody has read what is in it, so it
 * must not leave as plain text.
 */
export function fromDataUrl(url: string): Source | undefined {
  const comma = url.indexOf(",");
  const head = url.slice("data:".length, Math.max(comma, 0)).toLowerCase();
  if (comma < 0 || !head.endsWith(";base64")) return undefined;
  return { kind: "base64", mediaType: (head.split(";")[0] ?? "").trim(), data: url.slice(comma + 1) };
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
  if (last?.role === "assistant" && last.blocks.length > 0 && calls === false) losses.name(last.at, "changed");
}
