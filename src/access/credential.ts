import type { HeaderMap, RequestHead } from "../http.ts";

const bearer = /^bearer +/i;
const headerNames = ["x-api-key", "api-key", "x-goog-api-key"] as const;
/** Nobody sends more; what does is not worth a look-up each. */
const most = 4;

/**
 * The credential that a request carries: of several, the first in the order `authorization: Bearer`, `x-api-key`, `api-key`,
 * `x-goog-api-key`, `?key=`. `undefined`: none.
 */
export function credentialOf(head: RequestHead): string | undefined {
  return credentialsOf(head)[0];
}

/** Every different credential of a request, in the same order, at most four. */
export function credentialsOf(head: RequestHead): readonly string[] {
  const found: string[] = [];
  collect(found, head.headers, "authorization", bearer);
  for (const name of headerNames) collect(found, head.headers, name, undefined);
  const query = head.url.indexOf("?");
  if (query >= 0 && head.url.includes("key=", query)) {
    for (const value of new URLSearchParams(head.url.slice(query)).getAll("key")) add(found, value);
  }
  return found;
}

function collect(found: string[], headers: HeaderMap, name: string, scheme: RegExp | undefined): void {
  const value = headers[name];
  if (value === undefined) return;
  for (const one of typeof value === "string" ? [value] : value) {
    if (scheme === undefined) add(found, one);
    else if (scheme.test(one)) add(found, one.slice(one.indexOf(" ")));
  }
}

function add(found: string[], text: string): void {
  const credential = text.trim();
  if (credential !== "" && found.length < most && !found.includes(credential)) found.push(credential);
}
