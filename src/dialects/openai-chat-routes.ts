import { type HeaderMap, header, pathOf, type RequestHead } from "../http.ts";
import type { Ask, Operation } from "./dialect.ts";
import { wrong } from "./fields.ts";

interface Route {
  readonly operation: Operation;
  readonly method: "GET" | "POST";
  /** As it stands in the path, for `model`. */
  readonly id?: string;
}

const chat = "/chat/completions";
const models = "/models";

/** `/v1` belongs to a target's base URL, so callers may leave it out. Compatible servers have models with a slash in their names. */
function routeOf(head: RequestHead): Route | undefined {
  const path = pathOf(head.url).replace(/^\/v1(?=\/)/, "");
  if (path === chat) return { operation: "chat", method: "POST" };
  if (path === models) return { operation: "models", method: "GET" };
  const id = path.startsWith(`${models}/`) ? path.slice(models.length + 1) : "";
  return id === "" ? undefined : { operation: "model", method: "GET", id };
}

/** Anthropic lists models at the same path, for callers that send its version. */
export function matches(head: RequestHead): boolean {
  const route = routeOf(head);
  if (route === undefined) return false;
  return route.operation === "chat" || header(head.headers, "anthropic-version") === undefined;
}

export function operation(head: RequestHead): Operation | undefined {
  const route = routeOf(head);
  return route?.method === head.method ? route?.operation : undefined;
}

/** The method that the endpoint takes. */
export const methodOf = (head: RequestHead): string | undefined => routeOf(head)?.method;

/** The model that `/v1/models/{id}` names; throws `Refusal("invalid_request")` where it is not percent-encoded UTF-8, or would leave the folder. */
export function modelInPath(head: RequestHead): string {
  let id: string;
  try {
    id = decodeURIComponent(routeOf(head)?.id ?? "");
  } catch {
    throw wrong("model");
  }
  if (id === "." || id === "..") throw wrong("model");
  return id;
}

/** No query key is part of this wire, so none passes. */
export function path(_head: RequestHead, asked: Ask): string {
  if (asked.operation === "models") return models;
  return asked.operation === "model" ? `${models}/${encodeURIComponent(asked.model)}` : chat;
}

export const sign = (key: string): HeaderMap => ({ authorization: `Bearer ${key}` });

/** What the SDK tells of its platform (`x-stainless-*`, `user-agent`) is of no use to the answer. */
export const requestHeaders: ReadonlySet<string> = new Set([
  "openai-organization",
  "openai-project",
  "openai-beta",
  "idempotency-key",
]);

const limited = ["requests", "tokens", "input-tokens", "output-tokens", "project-requests", "project-tokens"];

/** Not `openai-organization` nor `openai-project`, which name the operator's account. */
export const answerHeaders: ReadonlySet<string> = new Set([
  "x-request-id",
  "openai-processing-ms",
  "openai-version",
  "retry-after",
  "retry-after-ms",
  "x-should-retry",
  ...["limit", "remaining", "reset"].flatMap((is) => limited.map((what) => `x-ratelimit-${is}-${what}`)),
]);
