import type { Ask, Dialect } from "../dialects/dialect.ts";
import type { RequestHead } from "../http.ts";
import type { Target } from "../step.ts";

/** Where an attempt goes: the wire's own path below the target's address, or the target's, with its query. */
export function urlOf(target: Target, wire: Dialect, head: RequestHead, asked: Ask): string {
  const own = asked.operation === "chat" ? target.path : undefined;
  const path = own?.replaceAll("{model}", encodeURIComponent(asked.model)) ?? wire.path(head, asked);
  const { query } = target;
  if (query === undefined || query === "") return target.baseUrl + path;
  return `${target.baseUrl}${path}${path.includes("?") ? "&" : "?"}${query}`;
}
