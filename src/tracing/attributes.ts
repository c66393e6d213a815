/**
 * Names of the OpenTelemetry GenAI conventions, as in semantic-conventions 1.41 (status: development), and our own under `postern.`.
 * https://github.com/open-telemetry/semantic-conventions-genai
 */
export const attribute = {
  operation: "gen_ai.operation.name",
  provider: "gen_ai.provider.name",
  requestModel: "gen_ai.request.model",
  requestMaxTokens: "gen_ai.request.max_tokens",
  requestChoices: "gen_ai.request.choice.count",
  responseModel: "gen_ai.response.model",
  inputTokens: "gen_ai.usage.input_tokens",
  outputTokens: "gen_ai.usage.output_tokens",
  cacheReadTokens: "gen_ai.usage.cache_read.input_tokens",
  cacheWriteTokens: "gen_ai.usage.cache_creation.input_tokens",
  reasoningTokens: "gen_ai.usage.reasoning.output_tokens",
  timeToFirstChunk: "gen_ai.response.time_to_first_chunk",
  errorType: "error.type",
  status: "http.response.status_code",
  serverAddress: "server.address",
  callId: "postern.call.id",
  outcome: "postern.outcome",
  dialect: "postern.dialect",
  key: "postern.key",
  team: "postern.team",
  project: "postern.project",
  feature: "postern.feature",
  customer: "postern.customer",
  target: "postern.target",
  attempts: "postern.attempts",
  attemptNumber: "postern.attempt.number",
  attemptResult: "postern.attempt.result",
  attemptReason: "postern.attempt.reason",
  /** US dollars as a decimal number; the exact value is in the record. */
  cost: "postern.cost",
  findings: "postern.findings",
  overhead: "postern.overhead",
} as const;
