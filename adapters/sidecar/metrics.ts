import { type AttemptOutcome, type Receipt, type Step, toDollars } from "../../src/index.ts";
import { createCounter, type Labels } from "./prometheus.ts";

export interface Metrics {
  /** For `GatewayOptions.steps`, after "tracing". */
  readonly step: Step;
  /** Prometheus' text format, version 0.0.4. */
  render(): string;
}

/** Counts what receipts tell. No label is a caller's own word: names come from the config and from closed sets, so there are few series. */
export function createMetrics(): Metrics {
  let inFlight = 0;
  const calls = createCounter("postern_calls_total", "Calls by how they ended.");
  const seconds = createCounter("postern_call_duration_seconds_total", "Seconds from a call's head to its last byte.");
  const overhead = createCounter("postern_call_overhead_seconds_total", "Seconds spent before the first attempt left.");
  const attempts = createCounter("postern_attempts_total", "Targets tried, by result.");
  const tokens = createCounter("postern_tokens_total", "Tokens that providers reported.");
  const cost = createCounter("postern_cost_dollars_total", "What providers charge.", (pico: bigint) =>
    toDollars(pico).slice(1),
  );
  const findings = createCounter("postern_findings_total", "Personal data and secrets found.");

  const tried = (attempt: AttemptOutcome): void => {
    const { target, provider, result, code = "", usage } = attempt;
    const place: Labels = { target, provider };
    attempts.add({ ...place, result, code }, 1);
    tokens.add({ ...place, kind: "input" }, usage.input);
    tokens.add({ ...place, kind: "output" }, usage.output);
    tokens.add({ ...place, kind: "cache_read" }, usage.cacheRead);
    tokens.add({ ...place, kind: "cache_write" }, usage.cacheWrite);
    cost.add(place, attempt.cost);
  };
  const settle = (receipt: Receipt): void => {
    inFlight--;
    const { outcome, code = "", dialect } = receipt;
    calls.add({ outcome, code, dialect }, 1);
    seconds.add({ dialect }, receipt.duration / 1_000);
    overhead.add({ dialect }, receipt.overhead / 1_000);
    for (const attempt of receipt.attempts) tried(attempt);
    for (const { type, action, count } of receipt.findings) findings.add({ type, action }, count);
  };
  const counters = [calls, seconds, overhead, attempts, tokens, cost, findings];
  return {
    step: {
      name: "metrics",
      open() {
        inFlight++;
        return { settle };
      },
    },
    render: () =>
      [
        "# HELP postern_calls_in_flight Calls that have not ended.",
        "# TYPE postern_calls_in_flight gauge",
        `postern_calls_in_flight ${inFlight}`,
        ...counters.flatMap((counter) => counter.lines()),
        "",
      ].join("\n"),
  };
}
