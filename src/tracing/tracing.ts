import { type Context, context, type Span, SpanKind, type Tracer, trace } from "@opentelemetry/api";
import type { Config } from "../config/schema.ts";
import { facts } from "../facts.ts";
import { spanId } from "../ids.ts";
import type { AttemptContext, AttemptHooks, CallContext, CallHooks, Parts, Step } from "../step.ts";
import { type AnswerText, createAnswerText } from "./answer-text.ts";
import { attribute } from "./attributes.ts";
import { lineOf } from "./line.ts";
import { createRecorder, type Recorder } from "./recorder.ts";
import { describeAttempt, describeCall } from "./spans.ts";

/** Spans and records of calls: the lowest step, so that all it can see is placeholders. */
export function createTracing(config: Config["tracing"], parts: Parts): Step {
  const tracer = trace.getTracer("postern");
  const recorder = createRecorder(parts);
  return {
    name: "tracing",
    open: (call) => openTrace(call, { config, parts, tracer, recorder }),
    close: () => recorder.close(),
  };
}

interface Tools {
  readonly config: Config["tracing"];
  readonly parts: Parts;
  readonly tracer: Tracer;
  readonly recorder: Recorder;
}

function openTrace(call: CallContext, tools: Tools): CallHooks {
  const { config, parts, tracer, recorder } = tools;
  const parent = parentOf(call);
  const span = tracer.startSpan("chat", { kind: SpanKind.SERVER, startTime: call.startedAt }, parent);
  const inside = trace.setSpan(parent, span);
  let answer: AnswerText | undefined;
  return {
    attempt(attempt) {
      answer = config.payloads === "redacted" ? createAnswerText(attempt.dialect) : undefined;
      return attemptSpan(tracer, inside, call, attempt, answer);
    },
    answer: (summary) => ({ "server-timing": `postern;dur=${summary.overhead.toFixed(2)}` }),
    settle(receipt) {
      describeCall(span, receipt);
      span.end(receipt.startedAt + receipt.duration);
      if (config.line) parts.log.info({ call: receipt.id }, lineOf(receipt));
      const scrub = call.facts.get(facts.scrub);
      const wanted = config.payloads === "redacted" && scrub !== undefined;
      recorder.add({
        receipt,
        traceId: call.parent.traceId,
        spanId: span.isRecording() ? span.spanContext().spanId : spanId(parts.random),
        request: wanted ? call.facts.get(facts.payload)?.() : undefined,
        answer: wanted && answer !== undefined ? scrub(answer.text()) : undefined,
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

function attemptSpan(
  tracer: Tracer,
  parent: Context,
  call: CallContext,
  attempt: AttemptContext,
  answer: AnswerText | undefined,
): AttemptHooks {
  const name = `${call.ask.operation} ${attempt.asked.model}`;
  const span: Span = tracer.startSpan(name, { kind: SpanKind.CLIENT }, parent);
  if (span.isRecording()) span.setAttribute(attribute.serverAddress, new URL(attempt.target.baseUrl).hostname);
  const done: AttemptHooks["done"] = (outcome) => {
    describeAttempt(span, outcome);
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
