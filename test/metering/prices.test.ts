import { type ConfigInput, schema } from "../../src/config/schema.ts";
import type { Usage } from "../../src/dialects/dialect.ts";
import { toDollars } from "../../src/dollars.ts";
import { toPrice } from "../../src/metering/catalogue.ts";
import { createPrices } from "../../src/metering/prices.ts";
import { noWish } from "../../src/metering/surcharge.ts";
import type { Target } from "../../src/step.ts";
import { finalUsage, plainTarget } from "../doubles/attempt.ts";
import { createFakeClock, type FakeClock } from "../doubles/clock.ts";

const november = Date.UTC(2026, 10, 24);

interface Question {
  readonly prices?: ConfigInput["prices"];
  readonly target?: Partial<Target>;
  readonly clock?: FakeClock;
}

/** The cost of a thousand tokens each way, or `undefined` where no price is known. */
function thousand(model: string, { prices, target, clock = createFakeClock(november) }: Question = {}) {
  const rates = createPrices(schema.parse({ prices }).prices, clock).find({ ...plainTarget, ...target }, model, noWish);
  return rates && toDollars(rates.cost(finalUsage(1_000, 1_000)));
}

describe("prices", () => {
  it("come from the catalogue, dated snapshots included", () => {
    expect(thousand("gpt-5-mini")).toBe("$0.002250");
    expect(thousand("gpt-5-mini-2025-08-07")).toBe("$0.002250");
  });

  it.each([
    "llama3",
    "gpt-99",
    "constructor",
    "__proto__",
    "",
    "whisper-1",
    "x".repeat(100_000),
    "gpt-5-mini-of-somebody-else",
  ])("are unknown for %.30s, never 0", (model) => {
    expect(thousand(model)).toBeUndefined();
  });

  it("are those of who sells at the address, where the catalogue knows it", () => {
    const groq = { baseUrl: "https://api.groq.com/openai/v1" };
    expect(thousand("llama-3.1-8b-instant", { target: groq })).toBe("$0.000130");
    expect(thousand("gpt-5-mini", { target: groq })).toBeUndefined();
  });

  it("are the vendor's at an address that nobody knows", () => {
    expect(thousand("gpt-5-mini", { target: { baseUrl: "http://127.0.0.1:9/v1" } })).toBe("$0.002250");
  });

  it("are the operator's own first: for a target's model before the model anywhere", () => {
    const prices = {
      "gpt-5-mini": { input: "$1", output: "$2" },
      "openai/gpt-5-mini": { input: "$3", output: "$4" },
      llama3: { input: "$0", output: "$0" },
    };
    expect(thousand("gpt-5-mini", { prices })).toBe("$0.007000");
    expect(thousand("gpt-5-mini", { prices, target: { name: "other" } })).toBe("$0.003000");
    expect(thousand("llama3", { prices })).toBe("$0.000000");
  });

  it("charge what an override leaves out as plain input", () => {
    const prices = { mine: { input: "$1", output: "$2", cacheWrite: "$1.25" } };
    const rates = createPrices(schema.parse({ prices }).prices, createFakeClock()).find(plainTarget, "mine", noWish);
    const usage = finalUsage(4_000_000, 0, { cacheRead: 1_000_000, cacheWrite: 2_000_000, cacheWriteLong: 1_000_000 });
    expect(rates && toDollars(rates.cost(usage))).toBe("$4.500000");
  });

  it("round the smallest override up, never to nothing", () => {
    const prices = { tiny: { input: "$0.000000000001", output: "$0" } };
    const rates = createPrices(schema.parse({ prices }).prices, createFakeClock()).find(plainTarget, "tiny", noWish);
    expect(rates?.cost(finalUsage(5, 0))).toBe(5n);
  });

  it("change on their day, in a gateway that runs on", () => {
    const clock = createFakeClock(Date.UTC(2026, 7, 20, 23, 59));
    const question = { clock };
    expect(thousand("gpt-5.6-sol", question)).toBe("$0.035000");
    const prices = createPrices({}, clock);
    const find = () => prices.find(plainTarget, "gpt-5.6-sol", noWish);
    const before = find();
    expect(find()).toBe(before);
    clock.advance(60_000);
    expect(toDollars(find()?.cost(finalUsage(1_000, 1_000)) ?? 0n)).toBe("$0.024000");
  });

  it("charge everything at the dearest kind where a model prices audio apart", () => {
    const price = toPrice({ input_mtok: 2.5, input_audio_mtok: 40, output_mtok: 10, output_audio_mtok: 80 });
    expect(price?.[0]).toMatchObject({ input: 40_000_000n, output: 80_000_000n });
  });

  it("need both an input and an output price", () => {
    expect(toPrice({ input_mtok: 1 })).toBeUndefined();
    expect(toPrice({ output_mtok: 1 })).toBeUndefined();
    expect(toPrice({})).toBeUndefined();
  });

  it("read the catalogue's floats exactly", () => {
    expect(toPrice({ input_mtok: 0.1, output_mtok: 0.0375 })?.[0]).toMatchObject({ input: 100_000n, output: 37_500n });
  });

  it("are nothing for moderation by OpenAI", () => {
    expect(thousand("omni-moderation-latest")).toBe("$0.000000");
    expect(
      thousand("omni-moderation-latest", { target: { baseUrl: "https://api.groq.com/openai/v1" } }),
    ).toBeUndefined();
  });
});

describe("what is charged by the piece", () => {
  const claude = { provider: "anthropic", baseUrl: "https://api.anthropic.com/v1" } as const;
  const perplexity = { baseUrl: "https://api.perplexity.ai" };

  interface Piece extends Question {
    readonly uses?: Usage["serverTools"];
    /** Tokens each way. */
    readonly tokens?: number;
  }
  const told = (model: string, { prices, target, uses = {}, tokens = 0 }: Piece) => {
    const clock = createFakeClock(november);
    const rates = createPrices(schema.parse({ prices }).prices, clock).find(
      { ...plainTarget, ...target },
      model,
      noWish,
    );
    if (rates === undefined) throw new Error(`${model} has no price`);
    const usage = finalUsage(tokens, tokens, { serverTools: uses });
    return rates.knows(usage) ? toDollars(rates.cost(usage)) : "unknown";
  };

  it.each<readonly [model: string, piece: Piece, expected: string]>([
    ["claude-opus-5", { target: claude, uses: { web_search: 3, web_fetch: 5 } }, "$0.030000"],
    ["claude-opus-5", { target: claude, uses: { code_execution: 1 } }, "unknown"],
    ["claude-opus-5", { target: claude, uses: { code_execution: 0 } }, "$0.000000"],
    ["gpt-5", { uses: { web_search: 1 } }, "$0.010000"],
    ["grok-4", { target: { baseUrl: "https://api.x.ai/v1" }, uses: { search_source: 4 } }, "$0.100000"],
    ["grok-4", { target: { baseUrl: "https://api.x.ai/v1" }, uses: { web_search: 1 } }, "unknown"],
    ["sonar-deep-research", { target: perplexity, uses: { web_search: 20 } }, "$0.100000"],
    ["sonar", { target: perplexity, uses: { web_search: 2 }, tokens: 1_000 }, "$0.014000"], // $12 per 1,000 answers
    ["gpt-4o-search-preview", { tokens: 1_000 }, "$0.037500"],
  ])("%s %j costs %s", (model, piece, expected) => {
    expect(told(model, piece)).toBe(expected);
  });

  it("is the operator's own first, then as listed", () => {
    const prices = { "claude-opus-5": { input: "$0", output: "$0", uses: { codeExecution: "$5", answer: "$2" } } };
    const uses = { code_execution: 2, web_search: 1 };
    expect(told("claude-opus-5", { prices, target: claude, uses, tokens: 1 })).toBe("$0.022000");
  });

  it("is nothing where no answer came", () => {
    expect(told("gpt-4o-search-preview", {})).toBe("$0.000000");
  });

  it("is within the bound, as far as it is for every answer", () => {
    const rates = createPrices({}, createFakeClock(november)).find(plainTarget, "gpt-4o-search-preview", noWish);
    const [bound, alone] = [rates?.bound(1_000, 100) ?? 0n, rates?.bound(0, 0) ?? 0n];
    expect(toDollars(alone)).toBe("$0.025000");
    expect([rates?.affordable(bound, 1_000), rates?.affordable(bound - 1n, 1_000)]).toEqual([100, 99]);
    expect(rates?.affordable(alone - 1n, 0)).toBe(0);
  });
});
