import fc from "fast-check";
import { createCounts } from "../../src/routing/counts.ts";
import { createRetryBudget } from "../../src/routing/retries.ts";
import { createFakeClock } from "../doubles/clock.ts";
import { alias, createScene, happened, target } from "./scene.ts";

const ask = { model: "fast" };
const names = ["a", "b", "c"];
const models = { fast: alias(...names) };
const targets = names.map((name) => target(name));
const fails = names.map(() => happened.unreachable);

describe("counts", () => {
  it("are of the span, to a tenth", () => {
    const clock = createFakeClock();
    const counts = createCounts(10_000, clock);
    counts.add(1, 1);
    clock.advance(9_000);
    counts.add(2, 0);
    expect([counts.all, counts.noted]).toEqual([3, 1]);
    clock.advance(1_000);
    expect([counts.all, counts.noted]).toEqual([2, 0]);
    clock.advance(8_999);
    expect(counts.all).toBe(2);
    clock.advance(1);
    expect(counts.all).toBe(0);
    clock.advance(1_000_000_000);
    counts.add(4, 4);
    expect([counts.all, counts.noted]).toEqual([4, 4]);
  });

  it("are those of a list that is kept whole", () => {
    const steps = fc.array(fc.tuple(fc.nat(400), fc.nat(3), fc.nat(3)), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (all) => {
        const clock = createFakeClock();
        const counts = createCounts(1_000, clock);
        const kept: { readonly at: number; readonly one: number; readonly other: number }[] = [];
        for (const [pause, one, other] of all) {
          clock.advance(pause);
          counts.add(one, other);
          kept.push({ at: clock.ticks(), one, other });
        }
        const oldest = Math.floor(clock.ticks() / 100) - 9;
        const recent = kept.filter(({ at }) => Math.floor(at / 100) >= oldest);
        expect(counts.all).toBe(recent.reduce((sum, { one }) => sum + one, 0));
        expect(counts.noted).toBe(recent.reduce((sum, { other }) => sum + other, 0));
      }),
    );
  });
});

describe("the retry budget", () => {
  it("allows its floor and a share of the calls, and no more until they are forgotten", () => {
    const clock = createFakeClock();
    const budget = createRetryBudget({ share: 0.5, floor: 2, window: 10_000 }, clock);
    for (let call = 0; call < 4; call++) budget.call();
    expect(Array.from({ length: 6 }, () => budget.take())).toEqual([true, true, true, true, false, false]);
    clock.advance(10_000);
    expect(Array.from({ length: 3 }, () => budget.take())).toEqual([true, true, false]);
  });

  it("keeps an outage from multiplying the load", async () => {
    const routing = { failures: 1_000, retries: { share: "10%", floor: 5, window: "10s" } };
    const scene = createScene({ models, targets, routing });
    let attempts = 0;
    for (let call = 0; call < 200; call++) attempts += (await scene.call({ ask }).through(...fails)).length;
    expect(attempts).toBe(200 + 5 + 20);
    scene.clock.advance(10_000);
    expect(await scene.call({ ask }).through(...fails)).toEqual(names);
  });

  it("is not what a veto is charged to, nor a call's first attempt", async () => {
    const routing = { failures: 1_000, retries: { share: "1%", floor: 1, window: "10s" } };
    const scene = createScene({ models, targets, routing });
    const { vetoed, unreachable, answered } = happened;
    expect(await scene.call({ ask }).through(vetoed, vetoed, answered)).toEqual(names);
    expect(await scene.call({ ask }).through(unreachable, vetoed, answered)).toEqual(names);
    expect(await scene.call({ ask }).through(unreachable, answered)).toEqual(["a"]);
  });

  it("counts waiting for a target that said when to come back", async () => {
    const routing = { retries: { share: "1%", floor: 0, window: "10s" } };
    const { call, clock } = createScene({ models: { fast: alias("a") }, targets, routing });
    const one = call({ ask });
    await one.try(await one.next(), happened.status(429, 1_000));
    expect(one.next()).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it("is not used up by callers with keys of their own", async () => {
    const routing = { retries: { share: "1%", floor: 1, window: "10s" } };
    const { call, clock } = createScene({ models, targets, routing });
    for (let index = 0; index < 9; index++) {
      const stranger = call({ caller: { key: undefined, ownKey: true } });
      await stranger.try(await stranger.next(), happened.status(429, 10));
      const again = stranger.next();
      clock.advance(10);
      expect(await again).toBeDefined();
    }
    expect(await call({ ask }).through(happened.unreachable, happened.answered)).toEqual(["a", "b"]);
  });

  it("has no bound where nothing is said of it", async () => {
    const { call } = createScene({ models, targets, routing: { failures: 1_000 } });
    for (let index = 0; index < 50; index++) expect(await call({ ask }).through(...fails)).toEqual(names);
  });
});
