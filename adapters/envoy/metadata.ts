import type { Summary } from "../../src/index.ts";
import type { Struct } from "./codec/struct.ts";

/** To be named under `metadata_options.receiving_namespaces.untyped`; without that Envoy drops it. */
const namespace = "postern";

/**
 * What access logs and rate limits may use of a call, so far or in the end: `%DYNAMIC_METADATA(postern:total_tokens)%`.
 * - `call_id`; `model` as the caller named it, without what redaction hides; `target`; `answer_model` as the answer named it, once it has ended;
 * - `input_tokens`, `output_tokens`, `total_tokens` of the attempt that answered;
 * - `cost_dollars`, and `cost_micros` in millionths of a dollar, rounded up, for limits that count whole numbers: of all attempts;
 * - `attempts` that have ended, and `findings`: type of what was found → how often.
 */
export function metadataOf({ id, model, target, usage, cost, findings, attempts }: Summary): Struct {
  const counts: Record<string, number> = {};
  for (const { type, count } of findings) counts[type] = (counts[type] ?? 0) + count;
  // Before its end a provider's word for the model has not been looked at for what it may hide.
  const answered = attempts.length > 0 ? usage.model : undefined;
  return {
    [namespace]: {
      call_id: id,
      ...(model !== "" && { model }),
      ...(target !== undefined && { target }),
      ...(answered !== undefined && { answer_model: answered }),
      input_tokens: usage.input,
      output_tokens: usage.output,
      total_tokens: usage.input + usage.output,
      cost_dollars: Number(cost) / 1e12,
      cost_micros: Number((cost + 999_999n) / 1_000_000n),
      attempts: attempts.length,
      findings: counts,
    },
  };
}
