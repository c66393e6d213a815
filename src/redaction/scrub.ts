import type { Redacted } from "../facts.ts";
import type { Scanner } from "./detectors/scanner.ts";
import { placeholder } from "./placeholder.ts";
import type { Occurrence, Vault } from "./vault.ts";

/**
 * Masks every value that the vault hides by its placeholder and every fresh detection as `[EMAIL]`, whatever the action of its type.
 * Where spans overlap, all that they cover goes. `text` is plain text: inside JSON text, an escaped value would not be found.
 */
export function scrub(text: string, vault: Vault, scanner: Scanner): Redacted {
  const spans: Occurrence[] = [...vault.occurrences(text)];
  for (const { start, end, type, kind } of scanner.scan(text)) {
    spans.push({ start, end, label: vault.labelOf(type, text.slice(start, end), kind) ?? placeholder(type) });
  }
  if (spans.length === 0) return text as Redacted;
  spans.sort((a, b) => a.start - b.start || b.end - a.end);
  let out = "";
  let from = 0;
  for (const { start, end, label } of spans) {
    if (start >= from) out += text.slice(from, start) + label;
    from = Math.max(from, end);
  }
  return (out + text.slice(from)) as Redacted;
}

/** `scrub` for every string of a JSON value, keys included. */
export function scrubValue(value: unknown, clean: (text: string) => string): unknown {
  if (typeof value === "string") return clean(value);
  if (Array.isArray(value)) return value.map((item) => scrubValue(item, clean));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [clean(key), scrubValue(item, clean)]));
}
