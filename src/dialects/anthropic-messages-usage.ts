import { finishes, typeOf } from "./anthropic-messages-events.ts";
import type { ServerTool, TokenCounts, Usage, WireEvent } from "./dialect.ts";
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
const counted = ["fresh", "cacheRead", "cacheWrite", "cacheWriteLong", "output"] as const;
type Sum = Record<(typeof counted)[number], number>;

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

function add(sum: Sum, counts: Counts): void {
  for (const name of counted) sum[name] += counts[name] ?? 0;
}

function toTokens({ fresh, cacheRead, cacheWrite, cacheWriteLong, output }: Sum): TokenCounts {
  const input = fresh + cacheRead + cacheWrite;
  return { input, output, cacheRead, cacheWrite, cacheWriteLong: Math.min(cacheWriteLong, cacheWrite) };
}

const zero = (): Sum => ({ fresh: 0, cacheRead: 0, cacheWrite: 0, cacheWriteLong: 0, output: 0 });

interface Iterations {
  /** What the answering model used in all its turns of a loop at the provider. */
  readonly turns: Sum;
  /** The provider's own summary of a long context. */
  readonly compactions: Sum;
  readonly others: Usage["others"];
  /** The fallback that answered. */
  readonly fallback: string | undefined;
}

/** Without a fallback every turn is the answering model's; with one, turns of another model are those of a model that declined. */
const isTurn = (of: string, type: unknown, answering: string | undefined, fallback: boolean): boolean =>
  of === answering || (type !== "advisor_message" && !fallback);

function iterationsOf(usage: Fields, model: string | undefined): Iterations | undefined {
  if (!Array.isArray(usage.iterations)) return undefined;
  const all = (usage.iterations as unknown[]).map(fieldsOf).filter((entry) => entry !== undefined);
  const fallback = nameOf(all.find(({ type }) => type === "fallback_message")?.model);
  const answering = fallback ?? model;
  const [turns, compactions] = [zero(), zero()];
  const others: (TokenCounts & { model: string })[] = [];
  for (const entry of all) {
    const counts = countsOf(entry);
    const of = nameOf(entry.model);
    if (entry.type === "compaction") add(compactions, counts);
    else if (of === undefined || isTurn(of, entry.type, answering, fallback !== undefined)) add(turns, counts);
    // What a model that declined has read without a word is not billed.
    else if (entry.type === "advisor_message" || (counts.output ?? 0) > 0) {
      const sum = zero();
      add(sum, counts);
      others.push({ ...toTokens(sum), model: of });
    }
  }
  return { turns, compactions, others, fallback };
}

/**
 * Totals of the message so far replace those before; a count that is not told again stays. The wire's totals leave out compactions, and
 * until 2026 told the input of a loop's first turn alone. Source: https://platform.claude.com/docs/en/agents-and-tools/tool-use/advisor-tool
 */
function merge(usage: Fields, before: Usage, iterations: Iterations | undefined): TokenCounts {
  const told = countsOf(usage);
  const sum: Sum = {
    fresh: told.fresh ?? before.input - before.cacheRead - before.cacheWrite,
    cacheRead: told.cacheRead ?? before.cacheRead,
    cacheWrite: told.cacheWrite ?? before.cacheWrite,
    cacheWriteLong: told.cacheWriteLong ?? before.cacheWriteLong,
    output: told.output ?? before.output,
  };
  if (iterations !== undefined) {
    for (const name of counted) sum[name] = Math.max(sum[name], iterations.turns[name]);
    add(sum, iterations.compactions);
  }
  return toTokens(sum);
}

const tools: readonly (readonly [name: string, tool: ServerTool])[] = [
  ["web_search_requests", "web_search"],
  ["web_fetch_requests", "web_fetch"],
  ["code_execution_requests", "code_execution"],
];

function serverToolsOf(usage: Fields, before: Usage): Usage["serverTools"] {
  const told = fieldsOf(usage.server_tool_use);
  if (told === undefined) return before.serverTools;
  const counts = tools.map(([name, tool]) => [tool, tokensOf(told[name]) ?? before.serverTools[tool] ?? 0] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
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

/** From here on a fallback answers: its block comes between what the two models said. */
function handedOver(event: WireEvent, before: Usage): Usage {
  if (typeOf(event) !== "content_block_start") return before;
  const model = nameOf(event.document()?.get(["content_block", "to", "model"]));
  return model === undefined || model === before.model ? before : { ...before, model };
}

/** `message_start` tells the input and a first guess of the output, `message_delta` running totals; a whole body tells all at once. */
export function usage(event: WireEvent, before: Usage): Usage {
  const holder = holderOf(event);
  const told = fieldsOf(holder?.usage);
  if (holder === undefined || told === undefined) return handedOver(event, before);
  const thinking = tokensOf(fieldsOf(told.output_tokens_details)?.thinking_tokens);
  const named = nameOf(holder.model) ?? before.model;
  const iterations = iterationsOf(told, named);
  return {
    ...merge(told, before, iterations),
    reasoning: thinking ?? before.reasoning,
    serviceTier: (told.speed === "fast" ? "fast" : nameOf(told.service_tier)) ?? before.serviceTier,
    model: iterations?.fallback ?? named,
    others: iterations?.others ?? before.others,
    serverTools: serverToolsOf(told, before),
    final: before.final || finishes(event),
  };
}
