import type { Path } from "../slot.ts";
import type { Report, Surroundings } from "./checks.ts";
import { type Loose, mapOf, textOf } from "./loose.ts";
import { isReference, secretFault } from "./secrets.ts";

/** What a target says beyond its shape: nothing that would give a secret of the operator's away. */
export function checkTarget(
  path: Path,
  target: Loose,
  access: boolean,
  surroundings: Surroundings,
  report: Report,
): void {
  const apiKey = textOf(target.apiKey);
  const hasKey = apiKey !== undefined && apiKey !== "";
  if (hasKey && !access) report([...path, "apiKey"], openToAll, closeIt);
  if (hasKey) checkApiKey([...path, "apiKey"], apiKey, surroundings, report);
  const headers = mapOf(target.headers);
  const secret = Object.keys(headers).find((name) => isReference(textOf(headers[name]) ?? ""));
  if (secret !== undefined && !access) report([...path, "headers", secret], openToAll, closeIt);
  checkHeaders([...path, "headers"], headers, surroundings, report);
  const baseUrl = textOf(target.baseUrl);
  if (baseUrl !== undefined) checkBaseUrl([...path, "baseUrl"], baseUrl, hasKey || secret !== undefined, report);
  checkWire(path, target, hasKey, report);
}

const openToAll = "anybody who reaches the gateway could spend on this key";
const closeIt = "add access with the keys of those who may call, or leave apiKey out so that callers bring their own";

function checkApiKey(path: Path, text: string, surroundings: Surroundings, report: Report): void {
  const hint = "write env:NAME or file:PATH";
  const literal = !isReference(text);
  const fault = secretFault(text, surroundings);
  if (literal && !surroundings.literals) report(path, "a key itself does not belong into a config file", hint);
  else if (literal && text.startsWith("$")) report(path, "a variable's name stands in place of a key", hint);
  else if (fault !== undefined) report(path, fault, `${hint}, and see that it holds the key alone`);
}

function checkBaseUrl(path: Path, text: string, hasKey: boolean, report: Report): void {
  if (!URL.canParse(text)) return;
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") {
    report(path, "the address holds credentials", "use apiKey; an address is logged");
  }
  if (text.includes("?") || text.includes("#")) {
    report(path, "the address has a query or a fragment", "end it with its path, such as /v1; what follows ? is query");
  }
  if (url.protocol === "http:" && hasKey && !isLoopback(url.hostname)) {
    report(path, "the key would cross the network unencrypted", "use https, or leave apiKey out");
  }
}

/** What the wire of the target leaves no room for. */
function checkWire(path: Path, target: Loose, hasKey: boolean, report: Report): void {
  if (target.auth === "none" && hasKey) {
    report([...path, "auth"], "the key would not be used", "leave out apiKey, or choose how it is shown");
  }
  for (const [name, value] of Object.entries(mapOf(target.query))) {
    const place = [...path, "query", name];
    if (isReference(textOf(value) ?? ""))
      report(place, "an address is logged, so it is no place for a secret", "use apiKey or headers");
    if (isCredential(name))
      report(place, "a credential does not belong into an address", "use apiKey, and auth", "key");
  }
  if (target.provider !== "anthropic") return;
  for (const name of ["streamUsage", "maxTokensField"]) {
    if (target[name] !== undefined)
      report([...path, name], "only the wire of openai knows this", "leave it out", "key");
  }
}

const isCredential = (query: string): boolean =>
  /^(?:.*[-_.])?(?:key|token|secret|sig|signature|password)$/i.test(query);

/** Of a URL's host as the URL parser writes it, so `127.1` and `0x7f000001` have become dotted already. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

const credentials = [
  "authorization",
  "x-api-key",
  "api-key",
  "x-goog-api-key",
  "cookie",
  "set-cookie",
  "proxy-authorization",
];
/** RFC 9110 §7.6.1 and what the client computes for each message. */
const perMessage = [
  ...[
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
  ],
  ...["content-length", "content-type", "content-encoding", "accept-encoding", "expect", "host"],
];

function checkHeaders(path: Path, headers: Loose, surroundings: Surroundings, report: Report): void {
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(headers)) {
    const place = [...path, name];
    const lower = name.toLowerCase();
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]{1,128}$/.test(lower))
      report(place, "this is no name of a header", "correct it", "key");
    if (credentials.includes(lower))
      report(place, "a credential does not belong among the headers", "use apiKey", "key");
    if (perMessage.includes(lower)) report(place, "this header is made anew for each request", "leave it out", "key");
    if (seen.has(lower)) report(place, "this header stands twice", "keep one of the two", "key");
    seen.add(lower);
    if (typeof value !== "string") continue;
    if (!/^[\t -~]*$/.test(value)) {
      report(place, "the value holds a line break or another character that no header has", "use printable ASCII");
    }
    const fault = isReference(value) ? secretFault(value, surroundings, "header") : undefined;
    if (fault !== undefined) report(place, fault, "write env:NAME or file:PATH, and see that it holds the value alone");
  }
}
