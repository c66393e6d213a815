import { credentialsOf } from "../access/credential.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { Refusal } from "../errors.ts";
import { requestHeaders } from "../headers.ts";
import { type HeaderMap, type HttpHead, pathOf, type RequestHead } from "../http.ts";
import type { Target } from "../step.ts";

/** What of the caller's headers says how its body is to be read and its answer written; `transfer-encoding` frames a body of unknown length. */
const passing = [
  ...["content-type", "content-length", "content-encoding", "content-disposition", "transfer-encoding"],
  ...[
    "accept",
    "accept-encoding",
    "accept-language",
    "range",
    "if-range",
    "if-match",
    "if-none-match",
    "if-modified-since",
  ],
];
const upgrading = ["sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"];

/** OpenAI lets browsers show a key, and choose whose bill it is, as subprotocols. */
const credentialProtocol = /^openai-(?:insecure-api-key|organization|project)\./i;
const credentialQuery = /^(?:key|api[-_]?key|access[-_]?token|token)$/i;

/** The names by which a provider tells whose account it is, and what frames the message. */
const unsaid: ReadonlySet<string> = new Set([
  ...[
    "set-cookie",
    "set-cookie2",
    "openai-organization",
    "openai-project",
    "anthropic-organization-id",
    "anthropic-workspace-id",
  ],
  ...["connection", "keep-alive", "proxy-authenticate", "proxy-connection", "trailer", "transfer-encoding", "upgrade"],
]);

/**
 * The head that leaves: the target's own key in place of whatever the caller showed, and of the caller's headers those alone that are known.
 * @param own the caller brought a provider's credential of its own; a virtual key never leaves
 */
export function toProvider(head: RequestHead, dialect: Dialect, target: Target, own: boolean): RequestHead {
  const hidden = own ? [] : credentialsOf(head);
  const path = pathOf(head.url);
  if (hidden.some((credential) => path.includes(credential))) throw new Refusal("invalid_request", { param: "url" });
  const shown = { ...head, headers: without(head.headers, hidden) };
  // Of a request without a body it makes no headers that say what is in it.
  const signed = requestHeaders({ ...shown, method: "GET" }, dialect, target, {}, 0, own);
  const upgrade = upgradeOf(head, hidden);
  const headers = { ...signed, ...headersOf(shown), ...upgrade };
  // What asks for an upgrade has no body; a provider that waits for one would take the next request for it.
  if (upgrade.upgrade !== undefined) for (const name of ["content-length", "transfer-encoding"]) delete headers[name];
  for (const name of ["accept", "accept-encoding"]) if (shown.headers[name] === undefined) delete headers[name];
  Object.assign(headers, target.headers);
  const query = [target.query ?? "", queryOf(head.url.slice(path.length + 1), hidden)].filter((part) => part !== "");
  const url = target.baseUrl + path.replace(/^\/v1(?=\/)/, "") + (query.length === 0 ? "" : `?${query.join("&")}`);
  return { method: head.method, url, headers };
}

function without(headers: HeaderMap, hidden: readonly string[]): HeaderMap {
  if (hidden.length === 0) return headers;
  const clean = ([, value]: readonly [string, HeaderMap[string]]): boolean =>
    !hidden.some((credential) => textOf(value)?.includes(credential));
  return Object.fromEntries(Object.entries(headers).filter(clean));
}

function headersOf({ headers }: RequestHead): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of passing) put(kept, name, textOf(headers[name]));
  return kept;
}

/** What makes a WebSocket of it. */
function upgradeOf({ headers }: RequestHead, hidden: readonly string[]): Record<string, string> {
  if (textOf(headers.upgrade)?.toLowerCase() !== "websocket") return {};
  const kept: Record<string, string> = { connection: "Upgrade", upgrade: "websocket" };
  for (const name of upgrading) put(kept, name, textOf(headers[name]));
  const protocols = (textOf(headers["sec-websocket-protocol"]) ?? "").split(",").map((each) => each.trim());
  const shown = protocols.filter(
    (protocol) => !credentialProtocol.test(protocol) && !hidden.some((credential) => protocol.includes(credential)),
  );
  put(kept, "sec-websocket-protocol", shown.join(", ") || undefined);
  return kept;
}

function put(headers: Record<string, string>, name: string, value: string | undefined): void {
  if (value !== undefined) headers[name] = value;
}

const textOf = (value: HeaderMap[string]): string | undefined =>
  value === undefined || typeof value === "string" ? value : value.join(", ");

/** As it was written, without what shows a credential. */
function queryOf(query: string, hidden: readonly string[]): string {
  const shows = (part: string): boolean => {
    const text = decode(part);
    const [name = ""] = text.split("=", 1);
    return credentialQuery.test(name) || hidden.some((credential) => text.includes(credential));
  };
  return query
    .split("&")
    .filter((part) => part !== "" && !shows(part))
    .join("&");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw new Refusal("invalid_request", { param: "url" });
  }
}

/** What of a provider's headers reaches the caller: nothing that quotes our key. */
export function toCaller({ headers }: HttpHead, { apiKey }: Target): Record<string, string | readonly string[]> {
  const kept: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    const quotes = apiKey !== undefined && textOf(value)?.includes(apiKey);
    if (value !== undefined && !quotes && !unsaid.has(name)) kept[name] = value;
  }
  return kept;
}
