import { calcPrice } from "@pydantic/genai-prices";
import fc from "fast-check";
import { noUsage, type Usage } from "../../src/dialects/dialect.ts";
import { toDollars } from "../../src/dollars.ts";
import { createPrices } from "../../src/metering/prices.ts";
import { createRates, type Tier } from "../../src/metering/rates.ts";
import { noWish, type Wish } from "../../src/metering/surcharge.ts";
import { finalUsage, plainTarget } from "../doubles/attempt.ts";
import { createFakeClock } from "../doubles/clock.ts";

const november = Date.UTC(2026, 10, 24);
const anthropic = { ...plainTarget, provider: "anthropic", baseUrl: "https://api.anthropic.com/v1" } as const;

function ratesOf(model: string, wish: Wish = noWish, target = model.startsWith("claude") ? anthropic : plainTarget) {
  const rates = createPrices({}, createFakeClock(november)).find(target, model, wish);
  if (rates === undefined) throw new Error(`${model} has no price`);
  return rates;
}

const cost = (model: string, usage: Usage, wish?: Wish): string => toDollars(ratesOf(model, wish).cost(usage));

describe("what a usage costs", () => {
  // By the providers' published price lists, dollars per million tokens.
  it.each([
    ["gpt-5-mini", finalUsage(812, 96), "$0.000395"], // 0.25 in, 2 out
    ["gpt-5-mini", finalUsage(1_000, 0, { cacheRead: 1_000 }), "$0.000025"], // 0.025 cached
    ["gpt-5", finalUsage(1, 0, { cacheRead: 1 }), "$0.000000125"],
    ["gpt-5", finalUsage(1_000, 500, { reasoning: 400 }), "$0.006250"], // reasoning is part of the output
    ["claude-haiku-4-5", finalUsage(1_000, 100), "$0.001500"], // 1 in, 5 out
    ["claude-sonnet-4-5", finalUsage(3_000, 0, { cacheRead: 1_000, cacheWrite: 1_000 }), "$0.007050"],
    [
      "claude-sonnet-4-5",
      finalUsage(3_000, 0, { cacheRead: 1_000, cacheWrite: 1_000, cacheWriteLong: 1_000 }),
      "$0.009300",
    ],
    ["claude-sonnet-4-5", finalUsage(200_000, 1_000), "$0.615000"],
    ["claude-sonnet-4-5", finalUsage(200_001, 1_000), "$1.222506"], // the long tier is for the whole call
    ["gpt-5.4", finalUsage(271_999, 0), "$0.6799975"],
    ["gpt-5.4", finalUsage(272_000, 0), "$1.360000"],
  ])("%s %j is %s", (model, usage, expected) => {
    expect(cost(model, usage)).toBe(expected);
  });

  it("is exact where floats are not", () => {
    const usage = finalUsage(1_000_003, 7, { cacheRead: 333_333 });
    expect(ratesOf("gpt-4.1").cost(usage)).toBe(666_670n * 2_000_000n + 333_333n * 500_000n + 7n * 8_000_000n);
  });

  it("agrees with the catalogue's own floats for every usage that it accepts", () => {
    const models = [
      "gpt-4o",
      "gpt-5",
      "gpt-5.4",
      "gpt-5.6-sol",
      "claude-sonnet-4-5",
      "claude-opus-5",
      "claude-haiku-4-5",
    ];
    const part = fc.integer({ min: 0, max: 200_000 });
    fc.assert(
      fc.property(
        fc.constantFrom(...models),
        part,
        part,
        part,
        part,
        part,
        (model, plain, read, write, long, output) => {
          const openai = model.startsWith("gpt");
          const parts = { cacheRead: read, cacheWrite: openai ? 0 : write + long, cacheWriteLong: openai ? 0 : long };
          const usage = finalUsage(plain + read + parts.cacheWrite, output, parts);
          const theirs = calcPrice(
            {
              input_tokens: usage.input,
              output_tokens: output,
              cache_read_tokens: usage.cacheRead,
              cache_write_tokens: usage.cacheWrite,
              cache_write_1h_tokens: usage.cacheWriteLong,
            },
            model,
            { providerId: openai ? "openai" : "anthropic", timestamp: new Date(november) },
          );
          expect(Number(ratesOf(model).cost(usage)) / 1e12).toBeCloseTo(theirs?.total_price ?? Number.NaN, 9);
        },
      ),
    );
  });

  it("never counts less than the cached tokens, even where a server reports them beside the input", () => {
    expect(cost("gpt-4.1", finalUsage(10, 0, { cacheRead: 1_000 }))).toBe("$0.000500");
  });

  it("survives counts that no provider should report", () => {
    const odd = finalUsage(Number.NaN, -5, { cacheRead: Number.NEGATIVE_INFINITY });
    expect(ratesOf("gpt-5").cost(odd)).toBe(0n);
    expect(ratesOf("gpt-5").cost(finalUsage(0.5, 0))).toBe(ratesOf("gpt-5").cost(finalUsage(1, 0)));
  });
});

describe("the tier of service", () => {
  const million = finalUsage(1_000_000, 0);
  const tier = (serviceTier: string): Usage => ({ ...finalUsage(100_000, 0), serviceTier });

  it.each([
    ["gpt-5", "default", "$0.125000"],
    ["gpt-5", "flex", "$0.062500"],
    ["gpt-5", "priority", "$0.250000"],
    ["gpt-5", "fast", "$0.250000"],
    ["gpt-5-mini", "priority", "$0.045000"],
    ["gpt-4.1", "priority", "$0.350000"],
    ["gpt-4.1-mini", "priority", "$0.070000"],
    ["gpt-5.5", "priority", "$1.250000"],
    ["gpt-6-astra", "ultrafast", "$6.000000"],
    ["claude-opus-5", "standard", "$0.500000"],
    ["claude-opus-5", "priority", "$0.500000"],
    ["claude-opus-5", "batch", "$0.250000"],
  ])("%s answered as %s costs %s for 100,000 tokens", (model, name, expected) => {
    expect(cost(model, tier(name))).toBe(expected);
  });

  it("is the one that the answer names, not the one that was asked for", () => {
    expect(cost("gpt-5", tier("default"), { ...noWish, tier: "priority" })).toBe("$0.125000");
  });

  it("is the one that was asked for where the answer names none, unless that is cheaper", () => {
    expect(cost("gpt-4.1", million, { ...noWish, tier: "priority" })).toBe("$3.500000");
    expect(cost("gpt-4.1", million, { ...noWish, tier: "flex" })).toBe("$2.000000");
  });

  it("is bounded by what may be answered: the project's setting decides unless the call names its tier", () => {
    const bound = (name: Wish["tier"]) => toDollars(ratesOf("gpt-5", { ...noWish, tier: name }).bound(0, 1_000));
    expect(bound(undefined)).toBe("$0.020000");
    expect(bound("default")).toBe("$0.010000");
    expect(bound("flex")).toBe("$0.010000");
    expect(bound("ultrafast")).toBe("$0.060000");
  });

  it("counts Anthropic's fast mode and US-only inference as asked for", () => {
    expect(cost("claude-opus-5", finalUsage(0, 1_000), { ...noWish, tier: "fast" })).toBe("$0.050000");
    expect(cost("claude-opus-4-6", finalUsage(0, 1_000), { ...noWish, tier: "fast" })).toBe("$0.150000");
    expect(cost("claude-opus-5", finalUsage(0, 1_000), { ...noWish, domestic: true })).toBe("$0.027500");
  });

  it("adds a tenth at OpenAI's regional endpoints, for the models that pay it", () => {
    const eu = { ...plainTarget, baseUrl: "https://eu.api.openai.com/v1" };
    expect(toDollars(ratesOf("gpt-5.4", noWish, eu).cost(finalUsage(0, 1_000)))).toBe("$0.016500");
    expect(toDollars(ratesOf("gpt-5", noWish, eu).cost(finalUsage(0, 1_000)))).toBe("$0.010000");
    expect(toDollars(ratesOf("gpt-5.4").cost(finalUsage(0, 1_000)))).toBe("$0.015000");
  });
});

/** Any price at all: tiers may even get cheaper. */
const rate = fc.bigInt({ min: 0n, max: 100_000_000n });
const tierOf = (above: number): fc.Arbitrary<Tier> =>
  fc.record({
    above: fc.constant(above),
    input: rate,
    output: rate,
    cacheRead: rate,
    cacheWrite: rate,
    cacheWriteLong: rate,
  });
const anyRates = fc
  .tuple(tierOf(-1), tierOf(50), tierOf(5_000), fc.integer({ min: 0, max: 2 }), fc.bigInt({ min: 1n, max: 7n }))
  .map(([first, second, third, extra, above]) =>
    createRates([first, ...[second, third].slice(0, extra)], { of: () => [above, 3n], most: [above, 3n], known: true }),
  );
const tokens = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 300_000 }));

describe("bounds", () => {
  const usages = fc.record({ plain: tokens, read: tokens, write: tokens, long: tokens, output: tokens });

  it("are never below the cost of a usage with those totals", () => {
    fc.assert(
      fc.property(anyRates, usages, (rates, { plain, read, write, long, output }) => {
        const usage: Usage = {
          ...noUsage,
          input: plain + read + write + long,
          cacheRead: read,
          cacheWrite: write + long,
          cacheWriteLong: long,
          output,
        };
        expect(rates.bound(usage.input, output) >= rates.cost(usage)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it("are never below it for any tier that OpenAI may answer with, nor for any model", () => {
    const models = ["gpt-4.1-nano", "gpt-4o", "gpt-5-mini", "gpt-5.5", "gpt-6-sol", "o3"];
    const served = ["default", "flex", "priority", "fast", undefined];
    fc.assert(
      fc.property(
        fc.constantFrom(...models),
        fc.constantFrom(...served),
        tokens,
        tokens,
        (model, serviceTier, input, output) => {
          const rates = ratesOf(model);
          expect(rates.bound(input, output) >= rates.cost({ ...noUsage, input, output, serviceTier })).toBe(true);
        },
      ),
    );
  });

  it("grow with the input and with the output", () => {
    fc.assert(
      fc.property(anyRates, tokens, tokens, tokens, tokens, (rates, input, output, moreInput, moreOutput) => {
        expect(rates.bound(input + moreInput, output + moreOutput) >= rates.bound(input, output)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it("are what `affordable` goes by: one token more would not fit", () => {
    fc.assert(
      fc.property(anyRates, fc.bigInt({ min: -5n, max: 10n ** 12n }), tokens, (rates, money, input) => {
        const output = rates.affordable(money, input);
        if (output === Number.MAX_SAFE_INTEGER) return;
        if (rates.bound(input, 0) > money) expect(output).toBe(0);
        else expect(rates.bound(input, output) <= money).toBe(true);
        expect(rates.bound(input, output + 1) > money).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it("cover the dearest of cache writes and tiers", () => {
    expect(toDollars(ratesOf("claude-haiku-4-5").bound(1_000, 0))).toBe("$0.002000");
    expect(toDollars(ratesOf("claude-sonnet-4-5").bound(200_001, 0))).toBe("$2.400012");
  });

  it("let a free model give any amount", () => {
    const free = createRates([{ above: -1, input: 0n, output: 0n, cacheRead: 0n, cacheWrite: 0n, cacheWriteLong: 0n }]);
    expect(free.affordable(0n, 1_000)).toBe(Number.MAX_SAFE_INTEGER);
    expect(free.bound(1_000, 1_000)).toBe(0n);
  });
});
