import type { Document } from "../slot.ts";
import type { Usage, WireEvent } from "./dialect.ts";
import { type Fields, fieldsOf, tokensOf } from "./fields.ts";
import { finishes, isWhole, says } from "./openai-chat-chunks.ts";

/** Moonshot tells it in the choice that ends, Groq in a field of its own. */
const places = [["usage"], ["x_groq", "usage"], ["choices", 0, "usage"]] as const;

/** The usage that a chunk tells; `null`, as in the chunks of a stream that will tell it, is none. */
function usageIn(document: Document): Fields | undefined {
  if (!document.slots.some((slot) => slot.section === "system" && slot.kind === "key")) return undefined;
  for (const place of places) {
    const usage = fieldsOf(document.get(place));
    if (usage) return usage;
  }
  return undefined;
}

type Counts = Pick<Usage, "input" | "output" | "cacheRead" | "cacheWrite" | "reasoning">;

/**
 * Totals so far: they replace those before. xAI and Gemini leave reasoning out of `completion_tokens` but not out of `total_tokens`;
 * DeepSeek has its own name for what came from the cache.
 */
function countsOf(usage: Fields, before: Usage): Counts {
  const prompt = fieldsOf(usage.prompt_tokens_details);
  const completion = fieldsOf(usage.completion_tokens_details);
  const input = tokensOf(usage.prompt_tokens) ?? before.input;
  const output = tokensOf(usage.completion_tokens) ?? before.output;
  const total = tokensOf(usage.total_tokens) ?? 0;
  const cacheRead = tokensOf(prompt?.cached_tokens) ?? tokensOf(usage.prompt_cache_hit_tokens) ?? before.cacheRead;
  const cacheWrite = tokensOf(prompt?.cache_write_tokens) ?? before.cacheWrite;
  return {
    input,
    output: Math.max(output, total - input),
    cacheRead: Math.min(cacheRead, input),
    cacheWrite: Math.min(cacheWrite, Math.max(input - cacheRead, 0)),
    reasoning: tokensOf(completion?.reasoning_tokens) ?? before.reasoning,
  };
}

/** OpenRouter's, Perplexity's and xAI's words for what the provider searched; OpenAI's own search models tell nothing. */
const searches = (usage: Fields, before: Usage): Usage["serverTools"] => {
  const web = tokensOf(fieldsOf(usage.server_tool_use)?.web_search_requests) ?? tokensOf(usage.num_search_queries);
  const sources = tokensOf(usage.num_sources_used);
  if (web === undefined && sources === undefined) return before.serverTools;
  return { ...(web !== undefined && { web_search: web }), ...(sources !== undefined && { search_source: sources }) };
};

const named = (document: Document, key: string): string | undefined => {
  const value = document.get([key]);
  return typeof value === "string" && value !== "" ? value : undefined;
};

/** A choice, if only an empty one. */
const hasChoice = (document: Document): boolean => document.slots.some((slot) => slot.section === "messages");

/** A chunk without a choice; or, from OpenRouter, the first that counts and says nothing: running totals begin at 0 or beside a text. */
const isLast = (document: Document, counts: Counts, before: Usage): boolean =>
  !hasChoice(document) || (before.input === 0 && counts.output > 0 && !document.slots.some(says));

/** Every chunk names the model and many the tier; they are read from the first, and again where the counts are told. */
export function usage(event: WireEvent, before: Usage): Usage {
  const document = event.document();
  if (document === undefined) return before;
  const told = usageIn(document);
  if (told === undefined && before.model !== undefined) return before;
  const model = before.model ?? named(document, "model");
  const serviceTier = named(document, "service_tier") ?? before.serviceTier;
  if (told) {
    const counts = countsOf(told, before);
    const final = before.final || isWhole(event) || finishes(event) || isLast(document, counts, before);
    return { ...before, ...counts, model, serviceTier, serverTools: searches(told, before), final };
  }
  return model === before.model && serviceTier === before.serviceTier ? before : { ...before, model, serviceTier };
}

/** What `stream_options.include_usage` adds: a chunk without choices. One that tells of moderation too is for the caller. */
export function usageOnly(event: WireEvent): boolean {
  const document = event.document();
  if (document === undefined || isWhole(event) || hasChoice(document)) return false;
  return usageIn(document) !== undefined && fieldsOf(document.get(["moderation"])) === undefined;
}
