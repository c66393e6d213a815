import type { Refusal } from "../errors.ts";
import type { Reply, RequestHead } from "../http.ts";
import { methodOf } from "./anthropic-messages-routes.ts";
import type { StreamState, WireError, WireEvent } from "./dialect.ts";
import { fieldsOf, identifierOf } from "./fields.ts";
import { sseBytes } from "./sse.ts";

const statuses: ReadonlyMap<unknown, number> = new Map([
  ["invalid_request_error", 400],
  ["authentication_error", 401],
  ["billing_error", 402],
  ["permission_error", 403],
  ["not_found_error", 404],
  ["conflict_error", 409],
  ["request_too_large", 413],
  ["rate_limit_error", 429],
  ["api_error", 500],
  ["timeout_error", 504],
  ["overloaded_error", 529],
]);

/** What the API names each status. */
export const types: ReadonlyMap<number, string> = new Map([
  [400, "invalid_request_error"],
  [401, "authentication_error"],
  [402, "billing_error"],
  [403, "permission_error"],
  [404, "not_found_error"],
  [409, "conflict_error"],
  [413, "request_too_large"],
  [429, "rate_limit_error"],
  [503, "overloaded_error"],
  [504, "timeout_error"],
  [529, "overloaded_error"],
]);

const typeFor = (status: number): string =>
  types.get(status) ?? (status >= 500 || status === 499 ? "api_error" : "invalid_request_error");

export function errorIn(body: unknown): WireError {
  const told = fieldsOf(fieldsOf(body)?.error);
  const code = identifierOf(fieldsOf(told?.details)?.error_code) ?? identifierOf(told?.code);
  return { type: identifierOf(told?.type), code, status: statuses.get(told?.type) ?? 500 };
}

export function error(body: Uint8Array): WireError {
  try {
    return errorIn(JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8")));
  } catch {
    return errorIn(undefined);
  }
}

export const errorOf = (event: WireEvent): WireError => error(event.data);

/** `details.error_code` is what the official SDK shows as `errorCode`. */
function body(refusal: Refusal): string {
  const detail = Object.entries(refusal.detail).map(([name, value]) => `${name}=${value}`);
  const message = detail.length === 0 ? refusal.message : `${refusal.message} (${detail.join(", ")})`;
  const code = refusal.code;
  const told = { type: typeFor(refusal.status), message, code, details: { ...refusal.detail, error_code: code } };
  return JSON.stringify({ type: "error", error: told, request_id: null });
}

export function refusal(refusal: Refusal, head: RequestHead): Reply {
  const allow = refusal.status === 405 ? methodOf(head) : undefined;
  const wait = refusal.retryAfter;
  return {
    status: refusal.status,
    headers: {
      "content-type": "application/json",
      "x-should-retry": String(refusal.retryable),
      ...(wait !== undefined && {
        "retry-after": String(Math.ceil(wait / 1000)),
        "retry-after-ms": String(Math.ceil(wait)),
      }),
      ...(allow !== undefined && { allow }),
    },
    body: Buffer.from(body(refusal)),
  };
}

/** SDKs throw at this event wherever it comes, so open blocks need no stop and nothing looks finished. */
export const terminal = (refusal: Refusal, _state: StreamState): Uint8Array => sseBytes("error", body(refusal));
