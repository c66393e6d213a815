import { LRUCache } from "lru-cache";
import type { Config } from "../config/schema.ts";
import type { Clock, Rates, Target } from "../step.ts";
import { listPrice, sellerOf } from "./catalogue.ts";
import { createRates, type Price } from "./rates.ts";
import { surchargeOf, type Wish } from "./surcharge.ts";

export interface Prices {
  /** `undefined` where no price is known. `model` as the target knows it. */
  find(target: Target, model: string, wish: Wish): Rates | undefined;
}

interface Cached {
  readonly rates: Rates | undefined;
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

/**
 * Rates by target and model: the operator's own price first (`target/model`, then the model), else the catalogue's. Surcharges of
 * service tiers and regions apply to both.
 */
export function createPrices(overrides: Config["prices"], clock: Clock): Prices {
  const own = new Map(Object.entries(overrides));
  const cache = new LRUCache<string, Cached>({ max: kept });

  const rates = (target: Target, model: string, wish: Wish, now: number): Rates | undefined => {
    const override = own.get(`${target.name}/${model}`) ?? own.get(model);
    const seller = sellerOf(target);
    const price = override === undefined ? listPrice(seller, model, now) : fromOverride(override);
    return price && createRates(price, surchargeOf(seller, model, target.baseUrl, wish));
  };

  return {
    find(target, model, wish) {
      const now = clock.now();
      const key = `${target.name} ${target.baseUrl} ${wish.tier ?? ""} ${wish.fast} ${wish.domestic} ${model}`;
      const cached = cache.get(key);
      if (cached !== undefined && now < cached.until) return cached.rates;
      const found = rates(target, model, wish, now);
      cache.set(key, { rates: found, until: (Math.floor(now / freshness) + 1) * freshness });
      return found;
    },
  };
}
