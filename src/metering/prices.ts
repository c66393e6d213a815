import { LRUCache } from "lru-cache";
import type { Config } from "../config/schema.ts";
import type { ServerTool } from "../dialects/dialect.ts";
import type { Clock, Target } from "../step.ts";
import { listingOf, sellerOf } from "./catalogue.ts";
import type { Fees } from "./fees.ts";
import { createRates, type KnownRates, type Price } from "./rates.ts";
import { createSharedRates, withOthers } from "./several.ts";
import { surchargeOf, type Wish } from "./surcharge.ts";

export interface Prices {
  /**
   * `undefined` where no price is known. `model` as the target knows it.
   * @param further `Ask.furtherModels`
   */
  find(target: Target, model: string, wish: Wish, further?: readonly string[]): KnownRates | undefined;
}

interface Cached {
  readonly rates: KnownRates | undefined;
  readonly until: number;
}

/** Prices that depend on the time of day change on a minute. */
const freshness = 60_000;
const kept = 1_000;

type Override = Config["prices"][string];

const million = 1_000_000n;
/** Pico-dollars for a million tokens to those for one, rounded up. */
const each = (amount: bigint): bigint => (amount + million - 1n) / million;

function fromOverride({ input, output, cacheRead, cacheWrite, cacheWriteLong }: Override): Price {
  const write = each(cacheWrite ?? input);
  return [
    {
      above: -1,
      input: each(input),
      output: each(output),
      cacheRead: each(cacheRead ?? input),
      cacheWrite: write,
      cacheWriteLong: cacheWriteLong === undefined ? write : each(cacheWriteLong),
    },
  ];
}

const useNames: readonly (readonly [tool: ServerTool, name: Exclude<keyof Uses, "answer">])[] = [
  ["web_search", "webSearch"],
  ["web_fetch", "webFetch"],
  ["code_execution", "codeExecution"],
  ["search_source", "searchSource"],
];
type Uses = NonNullable<Override["uses"]>;

/** What an override leaves out is as listed. Pico-dollars for a thousand uses to those for one, rounded up. */
function withOwnFees({ call, tools }: Fees, uses: Uses): Fees {
  const per = (amount: bigint): bigint => (amount + 999n) / 1_000n;
  const own: Partial<Record<ServerTool, bigint>> = {};
  for (const [tool, name] of useNames) {
    const amount = uses[name];
    if (amount !== undefined) own[tool] = per(amount);
  }
  return { call: uses.answer === undefined ? call : per(uses.answer), tools: { ...tools, ...own } };
}

/**
 * Rates by target and model: the operator's own price first (`target/model`, then the model), else the catalogue's. Surcharges of
 * service tiers and regions apply to both.
 */
export function createPrices(overrides: Config["prices"], clock: Clock): Prices {
  const own = new Map(Object.entries(overrides));
  const cache = new LRUCache<string, Cached>({ max: kept });

  const look = (target: Target, model: string, wish: Wish, now: number): KnownRates | undefined => {
    const override = own.get(`${target.name}/${model}`) ?? own.get(model);
    const seller = sellerOf(target);
    const listing = listingOf(seller, model, now);
    const price = override === undefined ? listing.price : fromOverride(override);
    if (price === undefined) return undefined;
    const fees = withOwnFees(listing.fees, override?.uses ?? {});
    const rates = createRates(price, surchargeOf(seller, model, target.baseUrl, wish), fees);
    return withOthers(rates, (other) => one(target, other, wish));
  };

  const one = (target: Target, model: string, wish: Wish): KnownRates | undefined => {
    const now = clock.now();
    const key = `${target.name} ${target.baseUrl} ${wish.tier ?? ""} ${wish.domestic} ${model}`;
    const cached = cache.get(key);
    if (cached !== undefined && now < cached.until) return cached.rates;
    const found = look(target, model, wish, now);
    cache.set(key, { rates: found, until: (Math.floor(now / freshness) + 1) * freshness });
    return found;
  };

  return {
    find(target, model, wish, further = []) {
      const rates = one(target, model, wish);
      if (rates === undefined || further.length === 0) return rates;
      return createSharedRates(model, rates, further, (other) => one(target, other, wish));
    },
  };
}
