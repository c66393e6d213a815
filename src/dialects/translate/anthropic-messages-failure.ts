import { fieldsOf } from "../fields.ts";
import type { Failure } from "./model.ts";
import { textOf } from "./wire.ts";

const types: ReadonlyMap<number, string> = new Map([
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
const statuses: ReadonlyMap<unknown, number> = new Map(
  [...types].filter(([status]) => status !== 503).map(([status, type]) => [type, status]),
);

/** In a stream no status tells what the type means. */
export function failure(body: unknown, status: number | undefined): Failure {
  const outer = fieldsOf(body);
  const told = fieldsOf(outer?.error);
  const message = textOf(told?.message) ?? "The provider reported an error.";
  return {
    status: status ?? statuses.get(told?.type) ?? 500,
    code: message.startsWith("prompt is too long") ? "context_length" : undefined,
    message,
    requestId: textOf(outer?.request_id),
  };
}

export function failureBody({ status, message, requestId }: Failure): unknown {
  const type = types.get(status) ?? (status >= 500 ? "api_error" : "invalid_request_error");
  return { type: "error", error: { type, message }, request_id: requestId ?? null };
}
