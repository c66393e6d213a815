interface Rule {
  readonly status: number;
  readonly retryable: boolean;
  readonly message: string;
}

const rule = (status: number, message: string, retryable = false): Rule => ({ status, retryable, message });

/** The one table of everything that Postern itself refuses or reports. Codes are stable; messages may be reworded. */
export const errorTable = {
  missing_key: rule(401, "This gateway needs an API key."),
  unknown_key: rule(401, "The API key is not known to this gateway."),
  forbidden: rule(403, "The API key does not permit this."),
  model_not_found: rule(404, "The requested model does not exist or the API key may not use it."),
  prompt_not_found: rule(404, "The requested prompt does not exist or the API key may not use it."),
  prompt_variables: rule(400, "The prompt's variables are missing, not known, or not of their types."),
  prompt_too_large: rule(413, "The prompt and its variables become more than the gateway accepts."),
  prompt_unusable: rule(503, "The requested prompt's file is not valid."),
  not_found: rule(404, "No such endpoint."),
  method_not_allowed: rule(405, "The endpoint does not take this method."),
  not_inspected: rule(403, "This endpoint is not inspected by the gateway, so the gateway does not forward it."),
  attribute_required: rule(400, "A required attribute is missing."),
  attribute_forbidden: rule(403, "The API key does not permit this attribute value."),
  rate_limited: rule(429, "Too many requests for this API key.", true),
  invalid_request: rule(400, "The request is not valid."),
  invalid_json: rule(400, "The body is not valid JSON."),
  invalid_encoding: rule(400, "The body is not valid UTF-8."),
  duplicate_key: rule(400, "An object in the body has the same key twice."),
  too_deep: rule(400, "The body is nested too deeply."),
  too_many_strings: rule(400, "The body has too many strings."),
  unsupported_media_type: rule(415, "The body's content type or encoding is not supported."),
  body_too_large: rule(413, "The body is larger than the gateway accepts."),
  headers_too_large: rule(431, "The request's headers are larger than the gateway accepts."),
  secret_blocked: rule(400, "The request holds a secret; it was not sent."),
  personal_data_blocked: rule(400, "The request holds personal data of a kind that may not be sent."),
  unmaskable: rule(400, "The request holds personal data or a secret in a place that cannot be masked."),
  budget_exceeded: rule(402, "The budget does not cover this request."),
  unpriced_model: rule(402, "The model has no known price, and a budget applies."),
  cost_unbounded: rule(402, "The cost of this request cannot be bounded, and a budget applies."),
  store_unavailable: rule(503, "A store that this call depends on is not available.", true),
  overloaded: rule(503, "The gateway is at its limit of concurrent work.", true),
  draining: rule(503, "The gateway is shutting down.", true),
  target_unfit: rule(400, "No target can serve this request as it is."),
  no_target: rule(503, "No target can serve this request now.", true),
  upstream_unreachable: rule(502, "The provider could not be reached.", true),
  upstream_timeout: rule(504, "The provider did not answer in time.", true),
  upstream_broken: rule(502, "The provider's answer broke off.", true),
  upstream_invalid: rule(502, "The provider's answer was not valid.", true),
  upstream_error: rule(502, "The provider reported an error.", true),
  upstream_credentials: rule(502, "The provider refused the gateway's own credentials."),
  answer_too_large: rule(502, "The provider's answer is larger than the gateway accepts."),
  deadline_exceeded: rule(504, "The call's deadline passed.", true),
  call_aborted: rule(499, "The caller went away."),
  internal_error: rule(500, "The gateway failed.", true),
} as const satisfies Record<string, Rule>;

export type ErrorCode = keyof typeof errorTable;

/** Facts for the caller beside the message: names, numbers, positions; never text of the request. */
export type Detail = Readonly<Record<string, string | number>>;

/**
 * A caller's mistake or a limit that was met, with a code from the table. Programmers' mistakes are plain `Error`s.
 * @example throw new Refusal("body_too_large", { limit: 10_485_760 });
 */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: ErrorCode;
  readonly status: number;
  readonly retryable: boolean;
  readonly detail: Detail;
  /** Milliseconds after which trying again makes sense; rendered as `retry-after`. */
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, detail: Detail = {}, retryAfter?: number) {
    // A stack trace costs microseconds, and a flood of refusals must be cheap.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(errorTable[code].message);
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
    this.status = errorTable[code].status;
    this.retryable = errorTable[code].retryable;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }
}

/** What went wrong, as a Refusal; an unknown error becomes `internal_error` and its text is dropped, since it may quote the request. */
export function toRefusal(cause: unknown): Refusal {
  return cause instanceof Refusal ? cause : new Refusal("internal_error");
}
