import fc from "fast-check";
import type { Counters, Line } from "../../src/stores/counters.ts";
import { createMemoryStores } from "../../src/stores/memory.ts";
import { createMemoryCounters } from "../../src/stores/memory-counters.ts";
import { createMemoryRates } from "../../src/stores/memory-rates.ts";
import { createFakeClock } from "../doubles/clock.ts";
import { createFaultyStores } from "../doubles/faulty-stores.ts";

const far = Date.UTC(2030, 0, 1);
const line = (key: string, limit: bigint, expiresAt = far): Line => ({ key, limit, expiresAt });

const kinds: readonly (readonly [name: string, create: () => Counters])[] = [
  ["memory", () => createMemoryStores({ clock: createFakeClock() }, { keep: 10 }).counters],
  [
    "the double, without a fault",
    () => {
      const clock = createFakeClock();
      return createFaultyStores(createMemoryStores({ clock }, { keep: 10 }), clock).counters;
    },
  ],
];

describe.each(kinds)("counters: %s", (_, create) => {
  it("grants all that is asked for where the share allows it", async () => {
    const counters = create();
    expect(await counters.reserve("a", [line("x", 1_000n)], 10n, 100n, 10)).toEqual({
      granted: 100n,
      tightest: "x",
      left: 900n,
    });
  });

  it("grants a share of what is left, rounded down, and never less than the least", async () => {
    const counters = create();
    const lines = [line("x", 1_005n)];
    expect(await counters.reserve("a", lines, 10n, 900n, 10)).toMatchObject({ granted: 100n, left: 905n });
    expect(await counters.reserve("b", lines, 200n, 900n, 10)).toMatchObject({ granted: 200n, left: 705n });
  });

  it("grants the last of it exactly, and then denies", async () => {
    const counters = create();
    const lines = [line("x", 100n)];
    expect(await counters.reserve("a", lines, 100n, 500n, 10)).toMatchObject({ granted: 100n, left: 0n });
    expect(await counters.reserve("b", lines, 1n, 1n, 1)).toEqual({ denied: "x", left: 0n });
  });

  it("takes the smallest line for all, and holds in all or in none", async () => {
    const counters = create();
    const [wide, narrow] = [line("wide", 1_000n), line("narrow", 50n)];
    expect(await counters.reserve("a", [wide, narrow], 60n, 60n, 1)).toEqual({ denied: "narrow", left: 50n });
    expect(await counters.read(["wide", "narrow"])).toEqual([
      { key: "wide", spent: 0n, held: 0n },
      { key: "narrow", spent: 0n, held: 0n },
    ]);
    await counters.reserve("a", [wide, narrow], 40n, 40n, 1);
    expect(await counters.read(["wide", "narrow"])).toEqual([
      { key: "wide", spent: 0n, held: 40n },
      { key: "narrow", spent: 0n, held: 40n },
    ]);
  });

  it("adds a second reservation of one id to the first, and settles both at once", async () => {
    const counters = create();
    const lines = [line("x", 100n)];
    await counters.reserve("a", lines, 30n, 30n, 1);
    await counters.reserve("a", lines, 20n, 20n, 1);
    expect(await counters.read(["x"])).toEqual([{ key: "x", spent: 0n, held: 50n }]);
    await counters.settle("a", 7n);
    expect(await counters.read(["x"])).toEqual([{ key: "x", spent: 7n, held: 0n }]);
  });

  it("settles an id once", async () => {
    const counters = create();
    await counters.reserve("a", [line("x", 100n)], 30n, 30n, 1);
    await counters.settle("a", 7n);
    await counters.settle("a", 9n);
    expect(await counters.read(["x"])).toEqual([{ key: "x", spent: 7n, held: 0n }]);
  });

  it("denies a reservation that arrives after the settlement of its id, though there is room", async () => {
    const counters = create();
    await counters.settle("late", 0n);
    expect(await counters.reserve("late", [line("x", 100n)], 1n, 1n, 1)).toMatchObject({ denied: "x" });
    expect(await counters.read(["x"])).toEqual([{ key: "x", spent: 0n, held: 0n }]);
  });

  it("denies everything after a call that cost more than it had reserved", async () => {
    const counters = create();
    await counters.reserve("a", [line("x", 100n)], 30n, 30n, 1);
    await counters.settle("a", 130n);
    expect(await counters.reserve("b", [line("x", 100n)], 0n, 0n, 1)).toEqual({ denied: "x", left: -30n });
  });

  it("holds no more than the limit whatever is asked for, in any order", async () => {
    const step = fc.record({
      id: fc.integer({ min: 0, max: 5 }).map(String),
      least: fc.bigInt({ min: 0n, max: 40n }),
      more: fc.bigInt({ min: 0n, max: 400n }),
      share: fc.integer({ min: 1, max: 20 }),
      settle: fc.boolean(),
      part: fc.bigInt({ min: 0n, max: 100n }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const counters = create();
        const lines = [line("x", 300n), line("y", 200n)];
        const held = new Map<string, bigint>();
        let spent = 0n;
        for (const [index, { id: name, least, more, share, settle, part }] of steps.entries()) {
          const id = settle ? name : `${name}/${index}`;
          if (settle) {
            for (const [open, amount] of held) {
              if (!open.startsWith(`${name}/`)) continue;
              const cost = (amount * part) / 100n;
              await counters.settle(open, cost);
              spent += cost;
              held.delete(open);
            }
          } else {
            const answer = await counters.reserve(id, lines, least, least + more, share);
            if ("granted" in answer) {
              expect(answer.granted >= least && answer.granted <= least + more).toBe(true);
              held.set(id, answer.granted);
            }
          }
          const total = [...held.values()].reduce((sum, amount) => sum + amount, 0n);
          expect(spent + total <= 200n).toBe(true);
          expect(await counters.read(["y"])).toEqual([{ key: "y", spent, held: total }]);
        }
      }),
    );
  });
});

describe("rates of events", () => {
  it("lets `limit` through in a window, and says how long to wait", async () => {
    const { counters } = createMemoryStores({ clock: createFakeClock() }, { keep: 1 });
    expect(await counters.take("key", 2, 60_000, 1_000)).toBe(0);
    expect(await counters.take("key", 2, 60_000, 2_000)).toBe(0);
    expect(await counters.take("key", 2, 60_000, 11_000)).toBe(50_000);
    expect(await counters.take("other", 2, 60_000, 11_000)).toBe(0);
    expect(await counters.take("key", 2, 60_000, 61_000)).toBe(0);
  });

  it("drops windows that ended, a key that goes on among them", () => {
    const rates = createMemoryRates();
    for (let now = 0; now < 10_000; now += 10) {
      rates.take("steady", 1_000, 100, now);
      rates.take(`once-${now}`, 1_000, 100, now);
    }
    expect(rates.size).toBeLessThanOrEqual(64);
  });

  it("lets nothing through under a limit of 0", async () => {
    const { counters } = createMemoryStores({ clock: createFakeClock() }, { keep: 1 });
    expect(await counters.take("key", 0, 60_000, 0)).toBe(60_000);
  });
});

describe("memory counters stay bounded", () => {
  it("forget lines after their window and not before", async () => {
    const clock = createFakeClock(0);
    const counters = createMemoryCounters(clock);
    await counters.reserve("a", [line("old", 100n, 1_000)], 10n, 10n, 1);
    await counters.settle("a", 10n);
    clock.advance(999);
    await counters.reserve("b", [line("new", 100n)], 1n, 1n, 1);
    expect(await counters.read(["old"])).toEqual([{ key: "old", spent: 10n, held: 0n }]);
    clock.advance(1);
    await counters.reserve("c", [line("new", 100n)], 1n, 1n, 1);
    expect(await counters.read(["old"])).toEqual([{ key: "old", spent: 0n, held: 0n }]);
  });

  it("forget many lines little by little, and all of them", async () => {
    const clock = createFakeClock(0);
    const counters = createMemoryCounters(clock, 1_001);
    for (let i = 0; i < 1_000; i++) await counters.reserve(`a${i}`, [line(`customer=${i}`, 100n, 1_000)], 1n, 1n, 1);
    clock.advance(1_000);
    for (let i = 0; i < 20; i++) await counters.reserve(`b${i}`, [line("day", 1_000n)], 1n, 1n, 1);
    for (let i = 0; i < 1_000; i++) {
      expect(await counters.reserve(`c${i}`, [line(`next=${i}`, 100n)], 1n, 1n, 1)).toMatchObject({ granted: 1n });
    }
  });

  it("fail rather than forget a line that is running", async () => {
    const counters = createMemoryCounters(createFakeClock(), 2);
    await counters.reserve("a", [line("x", 1n)], 1n, 1n, 1);
    await counters.reserve("b", [line("y", 1n)], 1n, 1n, 1);
    await expect(counters.reserve("c", [line("z", 1n)], 1n, 1n, 1)).rejects.toThrow("too many budget lines");
    expect(await counters.reserve("d", [line("x", 1n)], 1n, 1n, 1)).toMatchObject({ denied: "x" });
  });
});
