import type { Ask } from "../dialects/dialect.ts";
import { Refusal } from "../errors.ts";
import type { HeaderMap } from "../http.ts";
import type { Target } from "../step.ts";

/**
 * The absolute address of a request. `path` is the wire's own, with what it has of a query; a chat goes to the target's path, where it
 * has one. Throws `Refusal("invalid_request", { param: "model" })` for a model that would lead out of its folder.
 */
export function urlAt(target: Target, path: string, { operation, model }: Pick<Ask, "operation" | "model">): string {
  const { baseUrl, path: template, query = "" } = target;
  const at = template !== undefined && operation === "chat" ? fill(template, model) + queryOf(path) : path;
  if (query === "") return baseUrl + at;
  return `${baseUrl}${at}${at.includes("?") ? "&" : "?"}${query}`;
}

function fill(template: string, model: string): string {
  if (!template.includes("{model}")) return template;
  const lone = /[\ud800-\udfff]/u.test(model);
  if (lone || model === "" || model === "." || model === "..") throw new Refusal("invalid_request", { param: "model" });
  return template.replaceAll("{model}", () => encodeURIComponent(model));
}

function queryOf(path: string): string {
  const start = path.indexOf("?");
  return start < 0 ? "" : path.slice(start);
}

/** The headers that show the operator's key as the target says; `undefined`: as its wire has it (`Dialect.sign`). */
export function signatureOf({ auth }: Target, key: string): HeaderMap | undefined {
  switch (auth) {
    case undefined:
      return undefined;
    case "none":
      return {};
    case "bearer":
      return { authorization: `Bearer ${key}` };
    default:
      return { [auth]: key };
  }
}
