import type { TokenCounts } from "../dialects/dialect.ts";
import type { Rates } from "../step.ts";
import { costOfUses, count, type Fees, knowsUses, noFees } from "./fees.ts";
import { type Factor, noSurcharge, type Surcharge } from "./surcharge.ts";

/** What a token costs from an input size on, in pico-dollars. */
export interface Tier {
  /** Applies to the whole call when its input, cached tokens included, is larger than this. */
  readonly above: number;
  readonly input: bigint;
  readonly output: bigint;
  readonly cacheRead: bigint;
  readonly cacheWrite: bigint;
  readonly cacheWriteLong: bigint;
}

/** A model's price: tiers by input size, ascending; the first is above -1, so that it covers an empty input. */
export type Price = readonly [Tier, ...Tier[]];

/** Rates that say how far they are known. */
export type KnownRates = Required<Rates>;

export function max(...amounts: readonly bigint[]): bigint {
  let most = 0n;
  for (const amount of amounts) if (amount > most) most = amount;
  return most;
}

function min(first: bigint, second: bigint): bigint {
  if (first < second) return first;
  return second;
}

/** Rounded up to the next pico-dollar. */
const times = (amount: bigint, [above, below]: Factor): bigint => (amount * above + below - 1n) / below;

const dearestInput = (tier: Tier): bigint => max(tier.input, tier.cacheRead, tier.cacheWrite, tier.cacheWriteLong);

interface Dearest {
  readonly above: number;
  readonly input: bigint;
  readonly output: bigint;
}

/** Tier by tier the dearest rates up to it, so that a bound never falls when the input grows. */
function dearestOf(price: Price): readonly Dearest[] {
  let input = 0n;
  let output = 0n;
  return price.map((tier) => {
    input = max(input, dearestInput(tier));
    output = max(output, tier.output);
    return { above: tier.above, input, output };
  });
}

/** The last tier that the input reaches. */
function reached<T extends { readonly above: number }>(tiers: readonly T[], input: number): T {
  let found = tiers[0] as T;
  for (const tier of tiers) if (input > tier.above) found = tier;
  return found;
}

function costOf(price: Price, usage: TokenCounts): bigint {
  const write = count(usage.cacheWrite);
  const long = min(count(usage.cacheWriteLong), write);
  const read = count(usage.cacheRead);
  // Some compatible servers report cached tokens beside the input instead of within it.
  const input = max(count(usage.input), read + write);
  const tier = reached(price, Number(input));
  return (
    (input - read - write) * tier.input +
    read * tier.cacheRead +
    (write - long) * tier.cacheWrite +
    long * tier.cacheWriteLong +
    count(usage.output) * tier.output
  );
}

/** Exact rates of one model for calls under one `surcharge`, which is for tokens alone. */
export function createRates(price: Price, surcharge: Surcharge = noSurcharge, fees: Fees = noFees): KnownRates {
  const dearest = dearestOf(price);

  return {
    bounded: surcharge.known,
    knows: (usage) => knowsUses(fees, usage),
    cost: (usage) => times(costOf(price, usage), surcharge.of(usage.serviceTier)) + costOfUses(fees, usage),
    bound(input, output) {
      const rate = reached(dearest, input);
      return times(count(input) * rate.input + count(output) * rate.output, surcharge.most) + fees.call;
    },
    affordable(money, input) {
      const rate = reached(dearest, input);
      const [above, below] = surcharge.most;
      const forTokens = money - fees.call;
      const rest = (forTokens * below) / above - count(input) * rate.input;
      if (forTokens < 0n || rest < 0n) return 0;
      if (rate.output === 0n) return Number.MAX_SAFE_INTEGER;
      return Number(min(rest / rate.output, BigInt(Number.MAX_SAFE_INTEGER)));
    },
  };
}
