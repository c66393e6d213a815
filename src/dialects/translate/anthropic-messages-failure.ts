import { errorIn, types } from "../anthropic-messages-errors.ts";
import { fieldsOf } from "../fields.ts";
import type { Failure } from "./model.ts";
import { textOf } from "./wire.ts";

/** In a stream no status tells what the type means. */
export function failure(body: unknown, status: number | undefined): Failure {
  const outer = fieldsOf(body);
  const told = fieldsOf(outer?.error);
  const message = textOf(told?.message) ?? "The provider reported an error.";
  return {
    status: status ?? errorIn(body).status,
    code: message.startsWith("prompt is too long") ? "context_length" : undefined,
    message,
    requestId: textOf(outer?.request_id),
  };
}

export function failureBody({ status, message, requestId }: Failure): unknown {
  const type = types.get(status) ?? (status >= 500 ? "api_error" : "invalid_request_error");
  return { type: "error", error: { type, message }, request_id: requestId ?? null };
}
