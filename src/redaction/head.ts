import type { Dialect } from "../dialects/dialect.ts";
import { Refusal } from "../errors.ts";
import type { Attributes } from "../facts.ts";
import { pathOf, type RequestHead } from "../http.ts";
import { inspectFixed, type Ledger, type Policy } from "./inspection.ts";

/**
 * Checks what reaches the provider beside the body, and the attributes, which reach records: none of it can be masked. Credentials are
 * not among these headers.
 */
export function inspectHead(
  head: RequestHead,
  dialect: Dialect,
  attributes: Attributes,
  policy: Policy,
  ledger: Ledger,
): void {
  for (const [name, value] of Object.entries(attributes)) inspectFixed(value, `attribute ${name}`, policy, ledger);
  for (const name of dialect.requestHeaders) {
    const value = head.headers[name];
    if (value === undefined) continue;
    for (const one of typeof value === "string" ? [value] : value) {
      inspectFixed(one, `header ${name}`, policy, ledger);
    }
  }
  const path = pathOf(head.url);
  for (const segment of path.split("/")) inspectFixed(decode(segment), "path", policy, ledger);
  for (const part of head.url.slice(path.length + 1).split(/[&=]/)) {
    inspectFixed(decode(part), "query", policy, ledger);
    if (part.includes("+")) inspectFixed(decode(part.replaceAll("+", " ")), "query", policy, ledger);
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refusal("invalid_request", { param: "url" });
  }
}
