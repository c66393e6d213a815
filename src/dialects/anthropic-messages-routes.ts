import { type HeaderMap, header, pathOf, type RequestHead } from "../http.ts";
import type { Ask, Operation } from "./dialect.ts";
import { wrong } from "./fields.ts";

interface Route {
  readonly operation: Operation;
  readonly method: "GET" | "POST";
  /** As it stands in the path, for `model`. */
  readonly id?: string;
}

const routes: Readonly<Record<string, Route>> = {
  "/messages": { operation: "chat", method: "POST" },
  "/messages/count_tokens": { operation: "count_tokens", method: "POST" },
  "/models": { operation: "models", method: "GET" },
};
const oneModel = /^\/models\/([^/]+)$/;

/** `/v1` belongs to a target's base URL, so callers may leave it out. */
function routeOf(head: RequestHead): Route | undefined {
  const path = pathOf(head.url).replace(/^\/v1/, "");
  const id = oneModel.exec(path)?.[1];
  if (id !== undefined) return { operation: "model", method: "GET", id };
  return Object.hasOwn(routes, path) ? routes[path] : undefined;
}

/** OpenAI lists models at the same path; only Anthropic's callers send a version. */
export function matches(head: RequestHead): boolean {
  const route = routeOf(head);
  if (route === undefined) return false;
  return route.method === "POST" || header(head.headers, "anthropic-version") !== undefined;
}

export function operation(head: RequestHead): Operation | undefined {
  const route = routeOf(head);
  return route?.method === head.method ? route?.operation : undefined;
}

/** The method that the endpoint takes. */
export const methodOf = (head: RequestHead): string | undefined => routeOf(head)?.method;

/** The model that `/v1/models/{id}` names; throws `Refusal("invalid_request")` where it is badly encoded, or a path of its own. */
export function modelInPath(head: RequestHead): string {
  const id = decoded(routeOf(head)?.id ?? "");
  if (id === undefined || id === "." || id === "..") throw wrong("model");
  return id;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Values that may pass unread: none can hold personal data of a kind that is looked for. Without `after_id`, SDKs would page for ever. */
const passing: Readonly<Record<string, RegExp>> = {
  beta: /^true$/,
  limit: /^\d{1,4}$/,
  after_id: /^[a-z][a-z0-9.-]{0,99}$/,
  before_id: /^[a-z][a-z0-9.-]{0,99}$/,
  "lifecycle[]": /^(?:active|deprecated|retired)$/,
};

function queryOf(url: string, keys: readonly string[]): string {
  const given = new URLSearchParams(url.slice(pathOf(url).length));
  const kept = keys.flatMap((key) => {
    const values = given.getAll(key).filter((value) => passing[key]?.test(value));
    return values.slice(0, key.endsWith("[]") ? 9 : 1).map((value) => `${key}=${value}`);
  });
  return kept.length === 0 ? "" : `?${kept.join("&")}`;
}

export function path(head: RequestHead, asked: Ask): string {
  const beta = queryOf(head.url, ["beta"]);
  switch (asked.operation) {
    case "chat":
      return `/messages${beta}`;
    case "count_tokens":
      return `/messages/count_tokens${beta}`;
    case "models":
      return `/models${queryOf(head.url, ["beta", "limit", "after_id", "before_id", "lifecycle[]"])}`;
    case "model":
      return `/models/${encodeURIComponent(asked.model)}${beta}`;
  }
}

/** The first version that takes API keys as bearer tokens; versions are dates, so they compare as text. */
const bearerSince = "2026-10-21";

export function sign(key: string, head: RequestHead): HeaderMap {
  const version = header(head.headers, "anthropic-version") ?? "";
  return version >= bearerSince ? { authorization: `Bearer ${key}` } : { "x-api-key": key };
}

/** Not `anthropic-dangerous-direct-browser-access`, nor the headers that choose a workspace or a user profile of the operator's account. */
export const requestHeaders: ReadonlySet<string> = new Set(["anthropic-version", "anthropic-beta", "idempotency-key"]);

const limited = ["requests", "tokens", "input-tokens", "output-tokens"];
const tiers = ["", "priority-", "fast-"];

/** Not `anthropic-organization-id` nor `anthropic-workspace-id`, which name the operator's account. */
export const answerHeaders: ReadonlySet<string> = new Set([
  "request-id",
  "retry-after",
  "retry-after-ms",
  "x-should-retry",
  ...tiers.flatMap((tier) =>
    limited.flatMap((what) => ["limit", "remaining", "reset"].map((is) => `anthropic-ratelimit-${tier}${what}-${is}`)),
  ),
]);
