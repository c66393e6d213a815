import fc from "fast-check";
import type { MemoryStores } from "../../src/stores/memory.ts";
import { auditLedger, create, dollar, fault, limits, play, type Scenario, scenario } from "./money-scene.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("money", () => {
  it("is never overspent, always released and settled once, whatever the interleaving", async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(scenario, { minLength: 2, maxLength: 12 }), fc.scheduler(), async (scenarios, s) => {
        const { memory, steps } = create();
        const calls = scenarios.map((one) => play(steps, one, () => s.schedule(Promise.resolve())));
        let running = calls.length;
        for (const call of calls) void call.finally(() => running--);
        while (running > 0) {
          await turn();
          if (s.count() > 0) await s.waitOne();
        }
        for (const told of await Promise.all(calls)) seen.set(told, (seen.get(told) ?? 0) + 1);
        const lines = await memory.counters.read([...limits.keys()]);
        expect(lines.map(({ held }) => held)).toEqual([0n, 0n, 0n]);
        const charged = auditLedger(memory);
        expect(lines[0]?.spent).toBe(charged);
        expect((lines[1]?.spent ?? 0n) + (lines[2]?.spent ?? 0n)).toBe(charged);
      }),
      { numRuns: 150 },
    );
    // It has to have met every ending, or it shows nothing.
    expect([...seen.keys()].sort()).toEqual(["aborted", "answered", "broken", "budget_exceeded", "cut", "failed"]);
  });

  it("is none the less safe when stores fail, forget to answer or are slow", async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(scenario, { minLength: 2, maxLength: 8 }),
        fc.array(fault, { minLength: 1, maxLength: 3 }),
        fc.array(fc.integer({ min: 0, max: 1_500 }), { minLength: 10, maxLength: 10 }),
        async (scenarios, faults, ticks) => {
          const { clock, memory, stores, steps } = create();
          for (const one of faults) stores.break(...one);
          const calls = scenarios.map((one) => play(steps, one, turn));
          let running = calls.length;
          for (const call of calls) void call.finally(() => running--);
          for (let i = 0; running > 0; i++) {
            await turn();
            clock.advance(ticks[i % ticks.length] ?? 1);
            if (i > 10_000) throw new Error("a call hangs");
          }
          for (const told of await Promise.all(calls)) seen.set(told, (seen.get(told) ?? 0) + 1);
          stores.mend();
          for (let i = 0; i < 400; i++) {
            clock.advance(1_000);
            await turn();
          }
          const lines = await memory.counters.read([...limits.keys()]);
          expect(lines.map(({ held }) => held)).toEqual([0n, 0n, 0n]);
          expect(lines[0]?.spent).toBe(auditLedger(memory));
        },
      ),
      { numRuns: 60 },
    );
    expect(seen.get("store_unavailable")).toBeGreaterThan(0);
    expect(seen.get("answered")).toBeGreaterThan(0);
  });

  describe.each([
    ["gpt-4o", false],
    ["gpt-4o", true],
    ["gpt-5", false],
    ["gpt-5-mini", true],
    ["claude-sonnet-4-5", false],
    ["claude-sonnet-4-5", true],
  ] as const)("of one dollar, %s, streamed: %s", (model, stream) => {
    const one: Scenario = {
      model,
      stream,
      customer: "acme",
      declared: 64_000,
      size: 400,
      tokens: 300,
      choices: 1,
      fallsBack: false,
      breaksAfter: undefined,
      ending: "answered",
    };
    const single = (): ReturnType<typeof create> =>
      create([{ limit: "$1", window: "day" }], new Map([["everybody/2026-11-24", dollar]]));

    /** Every call was charged alike: none was cut short. */
    const whole = ({ ledger }: MemoryStores): boolean => {
      const charges = ledger.entries().filter(({ kind }) => kind === "settle");
      return charges.length > 0 && charges.every(({ amount }) => amount === charges[0]?.amount);
    };

    it("refuses none of twenty calls at once that declare 64,000 tokens and use 300", async () => {
      const { memory, steps } = single();
      let waiting = 20;
      let go: () => void = () => {};
      const all = new Promise<void>((resolve) => {
        go = resolve;
      });
      const arrive = async (): Promise<void> => {
        if (--waiting === 0) go();
        await all;
      };
      const begin = async (): Promise<string> => {
        const told = await play(steps, one, arrive);
        if (told !== "answered") await arrive();
        return told;
      };
      const told = await Promise.all(Array.from({ length: 20 }, begin));
      expect(told).toEqual(Array.from({ length: 20 }, () => "answered"));
      expect(whole(memory)).toBe(true);
    });

    it("can be spent to nine tenths by such calls, each with its whole answer", async () => {
      const { memory, steps } = single();
      const nineTenths = (dollar * 9n) / 10n;
      let told = "answered";
      while (told === "answered" && memory.ledger.totals().charged < nineTenths) {
        told = await play(steps, one, () => Promise.resolve());
      }
      expect(told).toBe("answered");
      expect(whole(memory)).toBe(true);
    });
  });
});
