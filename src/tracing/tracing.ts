import { type Context, context, type Span, SpanKind, type Tracer, trace } from "@opentelemetry/api";
import type { Config } from "../config/schema.ts";
import { spanId } from "../engine/ids.ts";
import { createPlainNames, type PlainNames } from "../engine/plain-names.ts";
import { facts } from "../facts.ts";
import type { AttemptContext, AttemptHooks, CallContext, CallHooks, Parts, Step } from "../step.ts";
import { type AnswerText, createAnswerText } from "./answer-text.ts";
import { attribute } from "./attributes.ts";
import { lineOf } from "./line.ts";
import { createRecorder, type Recorder } from "./recorder.ts";
import { describeAttempt, describeCall } from "./spans.ts";

const longestChannel = 64;

/** Spans and records of calls: the lowest step, so that all it can see is placeholders. */
export function createTracing(config: Config["tracing"], parts: Parts): Step {
  const tracer = trace.getTracer("postern");
  const recorder = createRecorder(parts);
  const names = createPlainNames(longestChannel);
  return {
    name: "tracing",
    open: (call) => openTrace(call, { config, parts, tracer, recorder, names }),
    close: () => recorder.close(),
  };
}

interface Tools {
  readonly config: Config["tracing"];
  readonly parts: Parts;
  readonly tracer: Tracer;
  readonly recorder: Recorder;
  readonly names: PlainNames;
}

function openTrace(call: CallContext, tools: Tools): CallHooks {
  const { config, parts, tracer, recorder, names } = tools;
  const parent = parentOf(call);
  const span = tracer.startSpan("chat", { kind: SpanKind.SERVER, startTime: call.startedAt }, parent);
  const inside = trace.setSpan(parent, span);
  const told = (name: string): string => call.facts.get(facts.scrub)?.(name) ?? name;
  let answer: AnswerText | undefined;
  return {
    attempt(attempt) {
      answer = config.payloads === "redacted" ? createAnswerText(attempt.dialect) : undefined;
      return attemptSpan(
        tracer.startSpan(call.ask.operation, { kind: SpanKind.CLIENT }, inside),
        attempt,
        told,
        answer,
      );
    },
    answer: (summary) => ({ "server-timing": `postern;dur=${summary.overhead.toFixed(2)}` }),
    settle(receipt) {
      describeCall(span, receipt);
      span.end(receipt.startedAt + receipt.duration);
      if (config.line) parts.log.info({ call: receipt.id }, lineOf(receipt));
      if (config.payloads === "none") return;
      const scrub = call.facts.get(facts.scrub);
      const wanted = config.payloads === "redacted" && scrub !== undefined;
      recorder.add({
        receipt,
        traceId: call.parent.traceId,
        spanId: span.isRecording() ? span.spanContext().spanId : spanId(parts.random),
        request: wanted ? call.facts.get(facts.payload)?.() : undefined,
        answer: wanted ? answer?.text(scrub, names) : undefined,
      });
    },
  };
}

function parentOf(call: CallContext): Context {
  const { parentId, traceId, sampled } = call.parent;
  const active = context.active();
  if (parentId === undefined) return active;
  return trace.setSpanContext(active, { traceId, spanId: parentId, traceFlags: sampled ? 1 : 0, isRemote: true });
}

/** A caller may write anything into a model's name, and it may pass when observing. */
function attemptSpan(
  span: Span,
  attempt: AttemptContext,
  told: (name: string) => string,
  answer: AnswerText | undefined,
): AttemptHooks {
  if (span.isRecording()) {
    span.updateName(`${attempt.asked.operation} ${told(attempt.asked.model)}`);
    span.setAttribute(attribute.operation, attempt.asked.operation);
    span.setAttribute(attribute.serverAddress, new URL(attempt.target.baseUrl).hostname);
  }
  const done: AttemptHooks["done"] = (outcome) => {
    describeAttempt(span, outcome, told);
    span.end();
  };
  if (answer === undefined) return { done };
  return {
    done,
    event(event, emit) {
      answer.read(event);
      emit(event);
    },
  };
}
