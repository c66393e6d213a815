import { finishes, typeOf } from "./anthropic-messages-events.ts";
import type { Usage, WireEvent } from "./dialect.ts";
import { type Fields, fieldsOf, tokensOf } from "./fields.ts";

const nameOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

interface Counts {
  /** Not read from the cache and not written to it: what this wire calls `input_tokens`. */
  readonly fresh: number | undefined;
  readonly cacheRead: number | undefined;
  readonly cacheWrite: number | undefined;
  readonly cacheWriteLong: number | undefined;
  readonly output: number | undefined;
}

function countsOf(usage: Fields): Counts {
  const created = fieldsOf(usage.cache_creation);
  const long = tokensOf(created?.ephemeral_1h_input_tokens);
  const short = tokensOf(created?.ephemeral_5m_input_tokens);
  const split = long === undefined && short === undefined ? undefined : (long ?? 0) + (short ?? 0);
  return {
    fresh: tokensOf(usage.input_tokens),
    cacheRead: tokensOf(usage.cache_read_input_tokens),
    cacheWrite: tokensOf(usage.cache_creation_input_tokens) ?? split,
    cacheWriteLong: long,
    output: tokensOf(usage.output_tokens),
  };
}

/** The wire's totals leave out what the provider's own summary of a long context cost. */
function compactions(usage: Fields): Counts[] {
  const iterations: unknown[] = Array.isArray(usage.iterations) ? usage.iterations : [];
  return iterations.flatMap((entry) => {
    const one = fieldsOf(entry);
    return one?.type === "compaction" ? [countsOf(one)] : [];
  });
}

/** Totals of the message so far replace those before; a count that is not told again stays. */
function merge(
  usage: Fields,
  before: Usage,
): Pick<Usage, "input" | "output" | "cacheRead" | "cacheWrite" | "cacheWriteLong"> {
  const told = countsOf(usage);
  const sum = {
    fresh: told.fresh ?? before.input - before.cacheRead - before.cacheWrite,
    cacheRead: told.cacheRead ?? before.cacheRead,
    cacheWrite: told.cacheWrite ?? before.cacheWrite,
    cacheWriteLong: told.cacheWriteLong ?? before.cacheWriteLong,
    output: told.output ?? before.output,
  };
  for (const extra of compactions(usage)) {
    sum.fresh += extra.fresh ?? 0;
    sum.cacheRead += extra.cacheRead ?? 0;
    sum.cacheWrite += extra.cacheWrite ?? 0;
    sum.cacheWriteLong += extra.cacheWriteLong ?? 0;
    sum.output += extra.output ?? 0;
  }
  const { fresh, ...rest } = sum;
  const cacheWriteLong = Math.min(sum.cacheWriteLong, sum.cacheWrite);
  return { ...rest, cacheWriteLong, input: fresh + sum.cacheRead + sum.cacheWrite };
}

function holderOf(event: WireEvent): Fields | undefined {
  switch (typeOf(event)) {
    case "message_start":
      return fieldsOf(event.document()?.get(["message"]));
    case "message_delta":
    case "message":
      return fieldsOf(event.document()?.get([]));
    default:
      return undefined;
  }
}

/** `message_start` tells the input and a first guess of the output, `message_delta` running totals; a whole body tells all at once. */
export function usage(event: WireEvent, before: Usage): Usage {
  const holder = holderOf(event);
  const told = fieldsOf(holder?.usage);
  if (holder === undefined || told === undefined) return before;
  const thinking = tokensOf(fieldsOf(told.output_tokens_details)?.thinking_tokens);
  return {
    ...merge(told, before),
    reasoning: thinking ?? before.reasoning,
    serviceTier: (told.speed === "fast" ? "fast" : nameOf(told.service_tier)) ?? before.serviceTier,
    model: nameOf(holder.model) ?? before.model,
    final: before.final || finishes(event),
  };
}
