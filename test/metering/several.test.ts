import fc from "fast-check";
import { noUsage, type Usage } from "../../src/dialects/dialect.ts";
import { createPrices } from "../../src/metering/prices.ts";
import { createRates } from "../../src/metering/rates.ts";
import { createSharedRates, withOthers } from "../../src/metering/several.ts";
import { noWish } from "../../src/metering/surcharge.ts";
import { finalUsage, plainTarget } from "../doubles/attempt.ts";
import { createFakeClock } from "../doubles/clock.ts";

const rateOf = (input: bigint, output: bigint, call = 0n) =>
  createRates([{ above: -1, input, output, cacheRead: input, cacheWrite: input, cacheWriteLong: input }], undefined, {
    call,
    tools: { web_search: 1_000n },
  });
const models = new Map([
  ["small", rateOf(1n, 10n)],
  ["large", rateOf(5n, 50n)],
  ["talker", rateOf(0n, 90n, 7n)],
]);
const find = (model: string) => models.get(model);
const small = rateOf(1n, 10n);

describe("what other models used for an answer", () => {
  const used = (model: string) => ({ ...noUsage, model, input: 100, output: 10 });
  const rates = withOthers(small, find);

  it("is added at their own rates", () => {
    const usage = finalUsage(10, 1, { others: [used("large"), used("talker")] });
    expect(rates.cost(usage)).toBe(20n + 1_000n + 907n);
    expect(rates.knows(usage)).toBe(true);
  });

  it("is counted at the answering model's, and not known, where they have none", () => {
    const usage = finalUsage(10, 1, { others: [used("nobody")] });
    expect(rates.cost(usage)).toBe(20n + 200n);
    expect(rates.knows(usage)).toBe(false);
  });

  it("costs by the tier of the answer", () => {
    const prices = createPrices({}, createFakeClock(Date.UTC(2026, 10, 24)));
    const usage = finalUsage(0, 0, {
      serviceTier: "flex",
      others: [{ ...noUsage, model: "gpt-5", output: 1_000_000 }],
    });
    expect(prices.find(plainTarget, "gpt-5-mini", noWish)?.cost(usage)).toBe(5_000_000_000_000n);
  });
});

describe("a call that any of several models may answer", () => {
  const rates = createSharedRates("small", small, ["large", "talker"], find);

  it("costs what the one that answers does, by its name or its snapshot's", () => {
    const cost = (model: string) => rates.cost(finalUsage(10, 1, { model }));
    expect(["small", "large", "talker"].map(cost)).toEqual([20n, 100n, 97n]);
    expect(["small-2026-01-31", "large-20260131"].map(cost)).toEqual([20n, 100n]);
  });

  it("costs what the dearest does where nobody says who answered, or none knows the one that is named", () => {
    for (const [model, known] of [
      [undefined, false],
      ["nobody", false],
      ["large", true],
    ] as const) {
      const usage = finalUsage(10, 1, { model });
      expect([rates.cost(usage), rates.knows(usage)]).toEqual([100n, known]);
    }
    expect([rates.cost(noUsage), rates.knows(noUsage)]).toEqual([0n, true]);
  });

  it("has a bound only where each of them has a price", () => {
    expect(rates.bounded).toBe(true);
    expect(createSharedRates("small", small, ["large", "nobody"], find).bounded).toBe(false);
    expect(createSharedRates("small", small, ["nobody", "nobody"], find).bounded).toBe(false);
  });

  it("has none where it names more than anybody would, and looks for few of them", () => {
    let looked = 0;
    const counting = (model: string) => {
      looked++;
      return find(model);
    };
    const many = createSharedRates(
      "small",
      small,
      Array.from({ length: 100_000 }, () => "large"),
      counting,
    );
    expect([many.bounded, many.cost(finalUsage(10, 1)), looked]).toEqual([false, 100n, 16]);
  });

  it("costs what the one does that the provider picked", () => {
    const any = createSharedRates("small", small, ["*"], find);
    expect(any.cost(finalUsage(10, 1, { model: "large" }))).toBe(100n);
    expect(any.cost(finalUsage(10, 1, { model: "small" }))).toBe(20n);
  });

  it("never costs more than its bound, whoever answers, and what is affordable stays within the money", () => {
    const tokens = fc.integer({ min: 0, max: 10_000 });
    const named = fc.constantFrom<Usage["model"]>("small", "large", "talker", "nobody", undefined);
    fc.assert(
      fc.property(tokens, tokens, named, fc.bigInt({ min: 0n, max: 10n ** 6n }), (input, output, model, money) => {
        expect(rates.bound(input, output) >= rates.cost({ ...noUsage, input, output, model })).toBe(true);
        const affordable = rates.affordable(money, input);
        if (rates.bound(input, 0) <= money) expect(rates.bound(input, affordable) <= money).toBe(true);
        expect(rates.bound(input, affordable + 1) > money).toBe(true);
      }),
    );
  });
});
