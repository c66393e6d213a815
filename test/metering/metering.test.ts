import { jest } from "@jest/globals";
import { type ConfigInput, schema } from "../../src/config/schema.ts";
import type { Ask, Dialect, WireEvent } from "../../src/dialects/dialect.ts";
import { createMetering } from "../../src/metering/metering.ts";
import type { Document } from "../../src/slot.ts";
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

const dialect: Partial<Dialect> = { usageOnly: (event) => event.name === "usage" };
const named = (name: string): WireEvent => ({ ...someEvent, name });

function create(input: ConfigInput = {}) {
  const clock = createFakeClock(Date.UTC(2026, 10, 24));
  const parts = { clock, random: () => 0, log: createLog(), stores: createMemoryStores({ clock }, { keep: 1 }) };
  return createMetering(schema.parse(input), parts);
}

const call = (ask: Partial<Ask>, mode: CallContext["mode"] = "enforce") => createCallContext({ ask, mode, dialect });

const body = (fields: Readonly<Record<string, unknown>>) =>
  ({ get: (path: readonly string[]) => fields[path[0] ?? ""] }) as Partial<Document> as Document;

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

  it("by the tier of service that the body asks for, where the answer names none", async () => {
    const context = call({ model: "gpt-4.1" });
    const hooks = create().open(context);
    await hooks.request?.(body({ service_tier: "priority" }));
    const attempt = await new ScriptedAttempt(context).open(hooks);
    attempt.event(0, finalUsage(1_000_000, 0));
    expect(attempt.cost).toBe(3_500_000_000_000n);
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
