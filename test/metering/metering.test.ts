import { jest } from "@jest/globals";
import { type ConfigInput, schema } from "../../src/config/schema.ts";
import { type Ask, type Dialect, noUsage, type WireEvent } from "../../src/dialects/dialect.ts";
import { createMetering } from "../../src/metering/metering.ts";
import type { CallContext } from "../../src/step.ts";
import { createMemoryStores } from "../../src/stores/memory.ts";
import {
  attemptThrough,
  createCallContext,
  createLog,
  finalUsage,
  receiptOf,
  ScriptedAttempt,
  someEvent,
} from "../doubles/attempt.ts";
import { createFakeClock } from "../doubles/clock.ts";

const dialect: Partial<Dialect> = { provider: "openai", usageOnly: (event) => event.name === "usage" };
const named = (name: string): WireEvent => ({ ...someEvent, name });

function create(input: ConfigInput = {}) {
  const clock = createFakeClock(Date.UTC(2026, 10, 24));
  const parts = { clock, random: () => 0, log: createLog(), stores: createMemoryStores({ clock }, { keep: 1 }) };
  return createMetering(schema.parse(input), parts);
}

const call = (ask: Partial<Ask>, mode: CallContext["mode"] = "enforce") => createCallContext({ ask, mode, dialect });

const claude = { target: { provider: "anthropic", baseUrl: "https://api.anthropic.com/v1" } } as const;
const speaksClaude = (ask: Partial<Ask>) => createCallContext({ ask, dialect: { ...dialect, provider: "anthropic" } });

describe("metering prices an attempt", () => {
  it("by the model as its target knows it", async () => {
    const context = call({ model: "fast" });
    const { attempt } = await attemptThrough([create()], context, { target: { model: "gpt-5-mini" } });
    attempt.event(0, finalUsage(1_000, 1_000));
    expect(attempt.cost).toBe(2_250_000_000n);
  });

  it("each by its own target, failed ones too", async () => {
    const context = call({ model: "fast" });
    const hooks = create().open(context);
    const first = await new ScriptedAttempt(context, { number: 1, target: { model: "gpt-5" } }).open(hooks);
    first.event(0, finalUsage(1_000, 0));
    const failed = await first.end({ result: "broken", code: "upstream_broken" });
    const second = await new ScriptedAttempt(context, { number: 2, target: { model: "gpt-5-mini" } }).open(hooks);
    second.event(0, finalUsage(1_000, 0));
    const answered = await second.end();
    expect([failed.cost, answered.cost]).toEqual([1_250_000_000n, 250_000_000n]);
    expect(hooks.answer?.(receiptOf(context, [failed, answered]))).toEqual({ "x-postern-cost": "$0.001500" });
  });

  it("by the tier of service that is asked for, where the answer names none", async () => {
    const context = call({ model: "gpt-4.1", serviceTier: "priority" });
    const { attempt } = await attemptThrough([create()], context);
    attempt.event(0, finalUsage(1_000_000, 0));
    expect(attempt.cost).toBe(3_500_000_000_000n);
  });

  it("by the speed and the place that are asked of Claude", async () => {
    const context = speaksClaude({ model: "claude-opus-5", serviceTier: "fast", inferenceGeo: "us" });
    const { attempt } = await attemptThrough([create()], context, claude);
    attempt.event(0, finalUsage(0, 1_000));
    expect(attempt.cost).toBe(55_000_000_000n); // 25 × 2 × 1.1
  });

  it("by list where it is translated: tiers and further models stay behind", async () => {
    const ask = { model: "claude-opus-5", serviceTier: "fast", furtherModels: ["llama3"] };
    const { attempt } = await attemptThrough([create()], call(ask), claude);
    attempt.event(0, finalUsage(0, 1_000));
    expect(attempt.cost).toBe(25_000_000_000n);
    const back = speaksClaude({ model: "gpt-5", serviceTier: "fast", inferenceGeo: "us" });
    const answered = (await attemptThrough([create()], back)).attempt;
    answered.event(0, finalUsage(0, 1_000));
    expect(answered.cost).toBe(10_000_000_000n);
    // The project's own setting may make it fast all the same.
    expect(answered.rates?.bound(0, 1_000)).toBe(20_000_000_000n);
  });

  it("not at all where it counts tokens or lists models", async () => {
    for (const operation of ["count_tokens", "models", "model"] as const) {
      const { attempt, hooks } = await attemptThrough([create()], call({ operation }));
      expect(attempt.rates).toBeUndefined();
      expect(hooks[0]?.answer?.(receiptOf(call({}), []))).toBeUndefined();
    }
  });

  it("without the network", async () => {
    const fetch = jest.spyOn(globalThis, "fetch").mockRejectedValue(new Error("offline"));
    const { attempt } = await attemptThrough([create()], call({ model: "gpt-5" }));
    expect(attempt.rates).toBeDefined();
    expect(fetch).not.toHaveBeenCalled();
    fetch.mockRestore();
  });
});

describe("metering has streams tell their usage", () => {
  const events = ["content", "usage", "end"];

  it("and hides the event that carries only usage from a caller who did not ask", async () => {
    const { attempt } = await attemptThrough([create()], call({ stream: true, usage: false }));
    expect(attempt.changes).toEqual([{ usage: true }]);
    for (const name of events) attempt.event(1, {}, named(name));
    expect(attempt.emitted.map(({ name }) => name)).toEqual(["content", "end"]);
  });

  it("and hides nothing from one who did", async () => {
    const { attempt } = await attemptThrough([create()], call({ stream: true, usage: true }));
    expect(attempt.changes).toEqual([]);
    for (const name of events) attempt.event(1, {}, named(name));
    expect(attempt.emitted.map(({ name }) => name)).toEqual(events);
  });

  it("but changes nothing when it observes", async () => {
    const { attempt } = await attemptThrough([create()], call({ stream: true, usage: false }, "observe"));
    for (const name of events) attempt.event(1, {}, named(name));
    expect(attempt.emitted.map(({ name }) => name)).toEqual(events);
  });

  it("of models without a price too", async () => {
    const { attempt } = await attemptThrough([create()], call({ stream: true, usage: false, model: "llama3" }));
    expect(attempt.changes).toEqual([{ usage: true }]);
    for (const name of events) attempt.event(1, {}, named(name));
    expect(attempt.emitted.map(({ name }) => name)).toEqual(["content", "end"]);
  });
});

describe("further models", () => {
  const dear = { model: "gpt-5-mini", furtherModels: ["gpt-5"] };

  it("are reserved for by the dearest of them", async () => {
    const { attempt } = await attemptThrough([create()], call(dear));
    const { attempt: own } = await attemptThrough([create()], call({ model: "gpt-5" }));
    expect(attempt.rates?.bound(1_000, 1_000)).toBe(own.rates?.bound(1_000, 1_000));
  });

  it("are charged by the one that answers", async () => {
    for (const [model, cost] of [
      ["gpt-5-mini", 2_250_000_000n],
      ["gpt-5-mini-2025-08-07", 2_250_000_000n],
      ["gpt-5", 11_250_000_000n],
    ] as const) {
      const { attempt } = await attemptThrough([create()], call(dear));
      attempt.event(0, finalUsage(1_000, 1_000, { model }));
      expect(attempt.cost).toBe(cost);
    }
  });

  it("are none that a budget can bound where one has no price; what answers is charged all the same", async () => {
    const context = call({ model: "gpt-5-mini", furtherModels: ["llama3"] });
    const { attempt, hooks } = await attemptThrough([create()], context);
    expect(attempt.rates?.bounded).toBe(false);
    attempt.event(0, finalUsage(1_000, 1_000, { model: "gpt-5-mini" }));
    expect(hooks[0]?.answer?.(receiptOf(context, [await attempt.end()]))).toEqual({ "x-postern-cost": "$0.002250" });
    attempt.event(0, { model: "llama3" });
    expect(hooks[0]?.answer?.(receiptOf(context, []))).toEqual({ "x-postern-cost": "unknown" });
  });

  it("cost what is not known where a tier is asked of a seller whose prices for it are not", async () => {
    const target = { baseUrl: "https://openrouter.ai/api/v1" };
    const ask = { model: "openai/gpt-5", serviceTier: "priority" };
    expect((await attemptThrough([create()], call(ask), { target })).attempt.rates?.bounded).toBe(false);
    const plain = { ...ask, serviceTier: "flex" };
    expect((await attemptThrough([create()], call(plain), { target })).attempt.rates?.bounded).toBe(true);
  });
});

describe("x-postern-cost", () => {
  it("is on whole answers and not on streams", async () => {
    for (const stream of [false, true]) {
      const context = call({ stream });
      const { attempt, hooks } = await attemptThrough([create()], context);
      attempt.event(0, finalUsage(1_000, 1_000));
      const headers = hooks[0]?.answer?.(receiptOf(context, [await attempt.end()]));
      expect(headers).toEqual(stream ? undefined : { "x-postern-cost": "$0.002250" });
    }
  });

  it("is unknown, never $0, where a model has no price", async () => {
    const context = call({ model: "llama3" });
    const { attempt, hooks } = await attemptThrough([create()], context);
    attempt.event(0, finalUsage(1_000, 1_000));
    const summary = receiptOf(context, []);
    expect(hooks[0]?.answer?.(summary)).toEqual({ "x-postern-cost": "unknown" });
    await attempt.end();
    expect(hooks[0]?.answer?.(summary)).toEqual({ "x-postern-cost": "unknown" });
  });

  it.each([
    ["another model's tokens", { others: [{ ...noUsage, model: "llama3", input: 10 }] }],
    ["a tool of the provider's", { serverTools: { code_execution: 1 } }],
  ])("is unknown where %s have no price", async (_, usage) => {
    const context = call({});
    const { attempt, hooks } = await attemptThrough([create()], context);
    const told = () => hooks[0]?.answer?.(receiptOf(context, []))?.["x-postern-cost"];
    attempt.event(0, finalUsage(1_000, 1_000));
    expect(told()).toBe("$0.000000"); // the receipt above has no attempts
    attempt.event(0, finalUsage(1_000, 1_000, usage));
    expect(told()).toBe("unknown");
  });

  it("is known again where the attempt without a price never left", async () => {
    const context = call({ model: "llama3" });
    const { attempt, hooks } = await attemptThrough([create()], context);
    await attempt.end({ sent: false, result: "vetoed" });
    expect(hooks[0]?.answer?.(receiptOf(context, []))).toEqual({ "x-postern-cost": "$0.000000" });
  });

  it("is absent where nothing was tried", () => {
    const context = call({});
    expect(create().open(context).answer?.(receiptOf(context, []))).toBeUndefined();
  });
});
