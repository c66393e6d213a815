import { signatureOf } from "./config/endpoint.ts";
import type { Dialect, Provider } from "./dialects/dialect.ts";
import { Refusal } from "./errors.ts";
import { type HeaderMap, type HttpHead, header, type RequestHead } from "./http.ts";
import type { Target } from "./step.ts";

const mostHeaders = 200;
const mostBytes = 65_536;

/** RFC 9110 §5.1 and §5.5; names are lower-case here. */
const validName = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const invalidInValue = /[^\t\x20-\x7e\x80-\xff]/;

/** They frame one message on one connection, so they are each hop's own affair; and the encodings are those that we can undo. */
export const framing: ReadonlySet<string> = new Set([
  "accept-encoding",
  "connection",
  "content-encoding",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Where each wire carries a credential; one that was meant for another provider stays here. */
export const credentials: Readonly<Record<Provider, readonly string[]>> = {
  openai: ["authorization", "api-key"],
  anthropic: ["x-api-key", "authorization"],
};

/** Refuses a head that is too large (`headers_too_large`) or holds what no header may hold (`invalid_request`). */
export function checkHead(head: RequestHead): void {
  let count = 0;
  let size = head.url.length;
  for (const name of Object.keys(head.headers)) {
    const value = head.headers[name];
    if (value === undefined) continue;
    if (!validName.test(name)) throw new Refusal("invalid_request", { reason: "header_name" });
    for (const one of typeof value === "string" ? [value] : value) {
      count++;
      size += name.length + one.length;
      if (invalidInValue.test(one)) throw new Refusal("invalid_request", { reason: "header_value" });
    }
    if (count > mostHeaders) throw new Refusal("headers_too_large", { limit: mostHeaders });
    if (size > mostBytes) throw new Refusal("headers_too_large", { limit: mostBytes });
  }
  if (size > mostBytes) throw new Refusal("headers_too_large", { limit: mostBytes });
}

/**
 * Refuses a body before it is read: longer than `limit` bytes by its own word (`body_too_large`), or declared to be anything else than
 * JSON without a content-encoding (`unsupported_media_type`).
 */
export function checkBodyHead({ method, headers }: RequestHead, limit: number): void {
  if (isBodyless(method)) return;
  if (Number(header(headers, "content-length") ?? 0) > limit) throw new Refusal("body_too_large", { limit });
  const encoding = header(headers, "content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") throw new Refusal("unsupported_media_type");
  const type = header(headers, "content-type");
  if (type !== undefined && !isJson(type)) throw new Refusal("unsupported_media_type");
}

const isBodyless = (method: string): boolean => method === "GET" || method === "HEAD";

function isJson(contentType: string): boolean {
  const end = contentType.indexOf(";");
  const type = (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
  return type === "application/json" || (type.startsWith("application/") && type.endsWith("+json"));
}

/** With the operator's key a caller must not choose whose bill it is. */
export const billing: ReadonlySet<string> = new Set(["openai-organization", "openai-project"]);

/**
 * What goes to a provider: of the caller's headers those that the dialect lists, never a cookie, a forwarding or a hop-by-hop header.
 * The credential is the target's own key; a target without one gets the caller's, as it came, in the places that its wire knows.
 * @param added by steps; they never replace a credential
 * @param length of the body, in bytes
 * @param own the caller brought a provider's credential of its own; a virtual key never leaves
 */
export function requestHeaders(
  head: RequestHead,
  dialect: Dialect,
  target: Target,
  added: Readonly<Record<string, string>>,
  length: number,
  own: boolean,
): Record<string, string> {
  const headers: Record<string, string> = { host: hostOf(target) };
  for (const name of dialect.requestHeaders) if (own || !billing.has(name)) put(headers, name, head.headers[name]);
  for (const name in added) put(headers, name, added[name]);
  headers.accept = "application/json, text/event-stream";
  headers["accept-encoding"] = "identity";
  if (!isBodyless(head.method)) {
    headers["content-type"] = "application/json";
    headers["content-length"] = String(length);
  }
  sign(headers, head, dialect, target, own);
  for (const name in target.headers) put(headers, name, target.headers[name]);
  return headers;
}

function sign(
  headers: Record<string, string>,
  head: RequestHead,
  dialect: Dialect,
  target: Target,
  own: boolean,
): void {
  for (const name of credentials[target.provider]) delete headers[name];
  if (target.apiKey === undefined) {
    const passing = own && target.auth !== "none" ? credentials[target.provider] : [];
    for (const name of passing) put(headers, name, header(head.headers, name));
    return;
  }
  const signed = signatureOf(target, target.apiKey) ?? dialect.sign(target.apiKey, head);
  for (const name in signed) put(headers, name, signed[name]);
}

/** What reaches the caller of a provider's headers: those that the dialect lists, and the content type. */
export function answerHeaders(head: HttpHead, dialect: Dialect): Record<string, string> {
  const headers: Record<string, string> = {};
  put(headers, "content-type", head.headers["content-type"]);
  for (const name of dialect.answerHeaders) if (name !== "set-cookie") put(headers, name, head.headers[name]);
  return headers;
}

/** A value that would end its line early is left out. */
function put(headers: Record<string, string>, name: string, value: HeaderMap[string]): void {
  if (value === undefined || framing.has(name)) return;
  const text = typeof value === "string" ? value : value.join(", ");
  if (!invalidInValue.test(text)) headers[name] = text;
}

const hosts = new WeakMap<Target, string>();

function hostOf(target: Target): string {
  const known = hosts.get(target);
  if (known !== undefined) return known;
  const { host } = new URL(target.baseUrl);
  hosts.set(target, host);
  return host;
}
