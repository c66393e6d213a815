import { fieldsOf } from "../fields.ts";
import { errorIn } from "../openai-chat-errors.ts";
import type { Failure } from "./model.ts";
import { textOf } from "./wire.ts";

const kinds: ReadonlyMap<number, readonly [type: string, code: string | null]> = new Map([
  [401, ["authentication_error", "invalid_api_key"]],
  [402, ["insufficient_quota", "insufficient_quota"]],
  [403, ["permission_error", null]],
  [404, ["not_found_error", "model_not_found"]],
  [429, ["rate_limit_error", "rate_limit_exceeded"]],
]);

/** OpenAI's envelope, Gemini's array around it, vLLM's body without it, Ollama's string. */
export function failure(body: unknown, status: number | undefined): Failure {
  const outer = fieldsOf(Array.isArray(body) ? body[0] : body);
  const told = fieldsOf(outer?.error) ?? outer;
  const message = textOf(told?.message) ?? textOf(outer?.error) ?? "The provider reported an error.";
  return {
    status: status ?? errorIn(body).status,
    code: told?.code === "context_length_exceeded" ? "context_length" : undefined,
    message,
    requestId: undefined,
  };
}

export function failureBody({ status, message, code }: Failure): unknown {
  const [type, usual] = kinds.get(status) ?? [status >= 500 ? "server_error" : "invalid_request_error", null];
  return { error: { message, type, param: null, code: code === "context_length" ? "context_length_exceeded" : usual } };
}
