import { type Span, SpanStatusCode } from "@opentelemetry/api";
import type { Usage } from "../dialects/dialect.ts";
import type { AttemptOutcome, Receipt } from "../step.ts";
import { attribute } from "./attributes.ts";

const dollars = (picoDollars: bigint): number => Number(picoDollars) / 1e12;

function setUsage(span: Span, usage: Usage): void {
  span.setAttribute(attribute.inputTokens, usage.input);
  span.setAttribute(attribute.outputTokens, usage.output);
  if (usage.cacheRead > 0) span.setAttribute(attribute.cacheReadTokens, usage.cacheRead);
  if (usage.cacheWrite > 0) span.setAttribute(attribute.cacheWriteTokens, usage.cacheWrite);
  if (usage.reasoning > 0) span.setAttribute(attribute.reasoningTokens, usage.reasoning);
}

/** One attempt: a GenAI client span. `told` is a name as it may be shown. */
export function describeAttempt(span: Span, outcome: AttemptOutcome, told: (name: string) => string): void {
  if (!span.isRecording()) return;
  span.setAttribute(attribute.provider, outcome.provider);
  span.setAttribute(attribute.requestModel, told(outcome.model));
  if (outcome.usage.model !== undefined) span.setAttribute(attribute.responseModel, outcome.usage.model);
  span.setAttribute(attribute.target, outcome.target);
  span.setAttribute(attribute.attemptNumber, outcome.number);
  span.setAttribute(attribute.attemptResult, outcome.result);
  if (outcome.reason !== undefined) span.setAttribute(attribute.attemptReason, outcome.reason);
  if (outcome.status !== undefined) span.setAttribute(attribute.status, outcome.status);
  if (outcome.firstByte !== undefined) span.setAttribute(attribute.timeToFirstChunk, outcome.firstByte / 1_000);
  setUsage(span, outcome.usage);
  span.setAttribute(attribute.cost, dollars(outcome.cost));
  if (outcome.result === "answered") return;
  span.setAttribute(attribute.errorType, outcome.code ?? outcome.result);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** The whole call: the server span above the attempts. */
export function describeCall(span: Span, receipt: Receipt): void {
  if (!span.isRecording()) return;
  span.updateName(`${receipt.operation} ${receipt.model}`.trim());
  span.setAttribute(attribute.operation, receipt.operation);
  span.setAttribute(attribute.callId, receipt.id);
  span.setAttribute(attribute.dialect, receipt.dialect);
  span.setAttribute(attribute.requestModel, receipt.model);
  span.setAttribute(attribute.outcome, receipt.outcome);
  span.setAttribute(attribute.status, receipt.status);
  span.setAttribute(attribute.attempts, receipt.attempts.length);
  span.setAttribute(attribute.overhead, receipt.overhead);
  span.setAttribute(attribute.cost, dollars(receipt.cost));
  setUsage(span, receipt.usage);
  if (receipt.prompt !== undefined) {
    span.setAttribute(attribute.promptName, receipt.prompt.name);
    span.setAttribute(attribute.promptVersion, `${receipt.prompt.version}`);
  }
  const { key, target } = receipt;
  for (const [name, value] of Object.entries({ key, target, ...receipt.attributes })) {
    if (value !== undefined) span.setAttribute(attribute[name as "key" | "target" | "team"], value);
  }
  const findings = receipt.findings.map(({ type, action, count }) => `${type} ${action} ${count}`);
  if (findings.length > 0) span.setAttribute(attribute.findings, findings);
  if (receipt.outcome === "answered") return;
  span.setAttribute(attribute.errorType, receipt.code ?? receipt.outcome);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
