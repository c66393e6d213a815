import type { Attempt, HeaderMap, HttpHead, RequestHead } from "../../src/index.ts";
import type { HeaderChange, Headers } from "./codec/messages.ts";

/**
 * Names the target that the engine chose, so that Envoy's routes can match it. Only we set it: what a caller sends under this name is
 * removed before the route is chosen anew.
 */
export const routeHeader = "x-postern-route";

/** RFC 9110 §5.1 and §5.5. Envoy fails a whole message for one header that is not valid. */
const validName = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const invalidInValue = /[^\t\x20-\x7e\x80-\xff]/;

/** Each hop's own affair; Envoy sets them itself. */
const framing: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "host",
  "keep-alive",
  "transfer-encoding",
]);

const isPseudo = (name: string): boolean => name.startsWith(":");

/** Envoy's header list as the engine reads one; pseudo headers are left out. */
export function toHeaderMap(headers: Headers): HeaderMap {
  // Without a prototype, since names are the caller's.
  const map: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of headers) {
    if (isPseudo(name)) continue;
    const before = map[name];
    if (before === undefined) map[name] = value;
    else if (typeof before === "string") map[name] = [before, value];
    else before.push(value);
  }
  return map;
}

const pseudo = (headers: Headers, name: string): string | undefined => headers.find(([each]) => each === name)?.[1];

/** `undefined` where the list is none of a request: no method or no path. */
export function toRequestHead(headers: Headers, attributes: Readonly<Record<string, string>>): RequestHead | undefined {
  const method = pseudo(headers, ":method");
  const url = pseudo(headers, ":path");
  if (method === undefined || url === undefined) return undefined;
  const authority = pseudo(headers, ":authority");
  const map = toHeaderMap(headers);
  return {
    method,
    url,
    headers: authority === undefined ? map : { ...map, host: authority },
    peer: addressOf(attributes["source.address"]),
  };
}

/** `undefined` where the list has no `:status`. */
export function toHttpHead(headers: Headers): HttpHead | undefined {
  const status = Number(pseudo(headers, ":status"));
  return Number.isInteger(status) ? { status, headers: toHeaderMap(headers) } : undefined;
}

/** Without the port: `10.0.0.7:40312`, `[::1]:40312`. */
function addressOf(address: string | undefined): string | undefined {
  const match = address === undefined ? null : /^\[?([0-9a-fA-F:.]{2,45}?)\]?(?::\d{1,5})?$/.exec(address);
  return match?.[1];
}

/** Headers of ours for Envoy: a list that is one line each, without what frames the message or would end its line early. */
export function toHeaders(map: HeaderMap): Headers {
  const headers: (readonly [string, string])[] = [];
  for (const name in map) {
    const value = map[name];
    if (value === undefined || framing.has(name) || !validName.test(name)) continue;
    const text = typeof value === "string" ? value : value.join(", ");
    if (!invalidInValue.test(text)) headers.push([name, text]);
  }
  return headers;
}

/** What a caller must not leave behind before we have chosen: a route. Names it even where it did not come, so that something changes. */
export const unrouted: HeaderChange = { set: [], remove: [routeHeader] };

/** Turns the caller's head into the provider's: everything that the engine did not list goes, the target's route and path come. */
export function toAttempt(came: Headers, { request, target }: Attempt, length: number | undefined): HeaderChange {
  const set = toHeaders(request.headers);
  const all: Headers = [
    [":path", pathOf(request.url)],
    [routeHeader, target.name],
    ...set,
    ...(length === undefined ? [] : [["content-length", String(length)] as const]),
  ];
  return { set: all, remove: others(came, all) };
}

/** Turns the provider's head into the caller's. A body of which the length is not known yet has none. */
export function toCaller(came: Headers, out: HttpHead): HeaderChange {
  const set: Headers = [[":status", String(out.status)], ...toHeaders(out.headers)];
  // Envoy's own names are its own affair; removing them would need `allow_envoy`.
  return { set, remove: others(came, set).filter((name) => !name.startsWith("x-envoy-")) };
}

/** Envoy lets nobody remove the one, and finds no route without the other: its route has to remove that. */
const immovable: ReadonlySet<string> = new Set(["host", "x-forwarded-proto"]);

/** Names that came and are not kept, each once. */
function others(came: Headers, kept: Headers): readonly string[] {
  const names = new Set<string>();
  for (const [name] of came) if (!isPseudo(name) && !immovable.has(name)) names.add(name);
  for (const [name] of kept) names.delete(name);
  return [...names];
}

function pathOf(url: string): string {
  const path = url.indexOf("/", url.indexOf("//") + 2);
  return path < 0 ? "/" : url.slice(path);
}
