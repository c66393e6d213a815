import type { ServerTool, Usage } from "../dialects/dialect.ts";

/** What is charged beside tokens, in pico-dollars. */
export interface Fees {
  /** For every answer. */
  readonly call: bigint;
  /** For one use of a tool of the provider's; a tool that is not named here has no known price. */
  readonly tools: Readonly<Partial<Record<ServerTool, bigint>>>;
}

export const noFees: Fees = { call: 0n, tools: {} };

/** A count that no odd report can make negative, fractional or endless. */
export function count(reported: number): bigint {
  return reported > 0 ? BigInt(Math.ceil(Math.min(reported, Number.MAX_SAFE_INTEGER))) : 0n;
}

function usesIn({ serverTools }: Usage): readonly (readonly [tool: ServerTool, uses: bigint])[] {
  const uses: [ServerTool, bigint][] = [];
  for (const tool in serverTools) uses.push([tool as ServerTool, count(serverTools[tool as ServerTool] ?? 0)]);
  return uses;
}

export function costOfUses({ call, tools }: Fees, usage: Usage): bigint {
  // A provider that tells no tokens has not answered.
  let cost = usage.input > 0 || usage.output > 0 ? call : 0n;
  for (const [tool, uses] of usesIn(usage)) cost += uses * (tools[tool] ?? 0n);
  return cost;
}

export const knowsUses = ({ tools }: Fees, usage: Usage): boolean =>
  usesIn(usage).every(([tool, uses]) => uses === 0n || tools[tool] !== undefined);

/** Dollars for a thousand uses to pico-dollars for one. */
const perUse = (dollars: bigint): bigint => dollars * 1_000_000_000n;

/** What the catalogue leaves out, from the price lists of the sellers by its names for them. */
const listed: Readonly<Record<string, Fees["tools"]>> = {
  // Code execution costs by the hour of its container, beyond a free allowance: no use has a price.
  anthropic: { web_fetch: 0n },
  // Source: docs.x.ai/docs/guides/live-search
  "x-ai": { search_source: perUse(25n) },
};

/** Models that search for each answer, and do not tell. Source: openai.com/api/pricing, «web search». */
const searching: readonly (readonly [pattern: RegExp, call: bigint])[] = [
  [/^gpt-4o(?:-mini)?-search-preview/, perUse(25n)],
  [/^gpt-5-search-api/, perUse(10n)],
];

/** `call` and `search` as the catalogue has them. Where an answer as such is paid for, so are its searches. */
export function feesOf(
  seller: string,
  model: string,
  { call, search }: { readonly call: bigint | undefined; readonly search: bigint | undefined },
): Fees {
  const own = seller === "openai" ? searching.find(([pattern]) => pattern.test(model))?.[1] : undefined;
  const web = search ?? (call === undefined ? undefined : 0n);
  return { call: own ?? call ?? 0n, tools: { ...listed[seller], ...(web !== undefined && { web_search: web }) } };
}
