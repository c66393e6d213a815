import type { Refusal } from "../errors.ts";
import type { Reply, RequestHead } from "../http.ts";
import type { StreamState, WireError, WireEvent } from "./dialect.ts";
import { fieldsOf, identifierOf } from "./fields.ts";
import { methodOf } from "./openai-chat-routes.ts";
import { sseBytes } from "./sse.ts";

const types: ReadonlyMap<number, string> = new Map([
  [401, "authentication_error"],
  [402, "insufficient_quota"],
  [403, "permission_error"],
  [429, "rate_limit_error"],
]);

const typeFor = (status: number): string =>
  types.get(status) ?? (status >= 499 ? "server_error" : "invalid_request_error");

/** By type or code, of OpenAI and of the servers that speak its wire. */
const statuses: ReadonlyMap<string | undefined, number> = new Map([
  ["invalid_request_error", 400],
  ["BadRequestError", 400],
  ["context_length_exceeded", 400],
  ["authentication_error", 401],
  ["invalid_api_key", 401],
  ["permission_error", 403],
  ["not_found_error", 404],
  ["model_not_found", 404],
  ["rate_limit_error", 429],
  ["rate_limit_exceeded", 429],
  ["insufficient_quota", 429],
  ["requests", 429],
  ["tokens", 429],
  ["server_error", 500],
  ["api_error", 500],
  ["service_unavailable_error", 503],
  ["overloaded_error", 529],
]);

const isStatus = (code: unknown): code is number =>
  typeof code === "number" && Number.isInteger(code) && code >= 400 && code < 600;

/** OpenAI's `{"error": {…}}`; Gemini wraps it in an array, vLLM used to leave the envelope out, Ollama's is a string. */
export function errorIn(body: unknown): WireError {
  const outer = fieldsOf(Array.isArray(body) ? body[0] : body);
  const told = fieldsOf(outer?.error) ?? outer;
  const type = identifierOf(told?.type);
  const code = isStatus(told?.code) ? String(told.code) : identifierOf(told?.code);
  const status = isStatus(told?.code) ? told.code : (statuses.get(code) ?? statuses.get(type));
  return { type, code, status: status ?? 500 };
}

export function error(body: Uint8Array): WireError {
  try {
    return errorIn(JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8")));
  } catch {
    return errorIn(undefined);
  }
}

export const errorOf = (event: WireEvent): WireError => error(event.data);

function body(refusal: Refusal): string {
  const detail = Object.entries(refusal.detail).map(([name, value]) => `${name}=${value}`);
  const message = detail.length === 0 ? refusal.message : `${refusal.message} (${detail.join(", ")})`;
  const param = refusal.detail.param ?? null;
  return JSON.stringify({ error: { message, type: typeFor(refusal.status), param, code: refusal.code } });
}

/** The SDKs obey `x-should-retry`, and `retry-after-ms` before `retry-after`. */
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

/** SDKs throw at a chunk with an `error`; no `[DONE]` follows, since the answer is not done. */
export const terminal = (refusal: Refusal, _state: StreamState): Uint8Array => sseBytes(undefined, body(refusal));
