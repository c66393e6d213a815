import fc from "fast-check";
import type { AttemptOutcome, Target } from "../../src/step.ts";
import { createScene, happened, type RoutedCall, target } from "./scene.ts";

const names = ["a", "b", "c", "d", "e"];
const regions = ["eu", "us", undefined] as const;

/** After these another target may be tried. */
const leaving = [
  ...[happened.unreachable, happened.timeout, happened.empty, happened.inBand, happened.vetoed],
  { ...happened.vetoed, reason: "losses" },
  ...[408, 429, 500, 503, 529].map((status) => happened.status(status)),
  ...[0, 1, 900, 4_000, 11_000].map((wait) => happened.status(429, wait)),
] as readonly Partial<AttemptOutcome>[];
const final = [
  ...[happened.answered, happened.torn, happened.aborted, happened.cut, happened.tooLarge, happened.badKey],
  ...[400, 401].map((status) => happened.status(status)),
] as readonly Partial<AttemptOutcome>[];
const ending = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...leaving) },
  { weight: 1, arbitrary: fc.constantFrom(...final) },
);
const fault = fc.tuple(ending, fc.nat(3_000));
const worlds = fc.record({
  strategy: fc.constantFrom("priority", "weighted", "sticky"),
  places: fc.array(fc.tuple(fc.constantFrom(...names), fc.nat(4)), { minLength: 1, maxLength: 7 }),
  homes: fc.array(fc.constantFrom(...regions), { minLength: names.length, maxLength: names.length }),
  region: fc.constantFrom(...regions),
  attempts: fc.integer({ min: 1, max: 6 }),
  failures: fc.integer({ min: 1, max: 3 }),
  coolDown: fc.integer({ min: 1, max: 20_000 }),
  deadline: fc.integer({ min: 1, max: 30_000 }),
  allCooling: fc.constantFrom("try", "refuse"),
  errorRate: fc.option(fc.constant({ above: "50%", calls: 2 }), { nil: undefined }),
  retries: fc.option(fc.record({ share: fc.constantFrom("1%", "50%"), floor: fc.nat(4) }), { nil: undefined }),
  asked: fc.option(fc.constantFrom(...names), { nil: undefined, freq: 4 }),
  random: fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
  calls: fc.array(fc.infiniteStream(fault), { minLength: 2, maxLength: 5 }),
});
type World = typeof worlds extends fc.Arbitrary<infer Value> ? Value : never;

function createWorld({ strategy, places, homes, attempts, failures, coolDown, deadline, allCooling, ...rest }: World) {
  const { retries, errorRate, random } = rest;
  return createScene({
    models: {
      fast: {
        strategy: strategy as "priority",
        targets: places.map(([name, weight]) => ({ target: name, weight, model: `m${weight}` })),
      },
    },
    targets: names.map((name, index) => target(name, { region: homes[index] })),
    routing: {
      ...{ attempts, failures, allCooling: allCooling as "try" },
      ...{ coolDown: `${coolDown}ms`, deadline: `${deadline}ms` },
      ...(retries && { retries }),
      ...(errorRate && { errorRate }),
    },
    random: () => random.next().value as number,
  });
}

/** A refusal instead of a target ends the call as well. */
async function nextOf(one: RoutedCall, asked: string | undefined, clock: ReturnType<typeof createScene>["clock"]) {
  try {
    const choice = one.next(asked);
    while (clock.pending > 0) clock.advance(1);
    return await choice;
  } catch {
    return undefined;
  }
}

describe("whatever the strategy and whatever fails", () => {
  it("a call stays within its attempts, its deadline, its region and its retries, and ends", async () => {
    const seen = { most: 0, pinned: 0, further: 0, vetoes: 0 };
    await fc.assert(
      fc.asyncProperty(worlds, async (world) => {
        const { call, clock } = createWorld(world);
        const headers = world.region === undefined ? {} : { "x-postern-region": world.region };
        let further = 0;
        for (const [index, story] of world.calls.entries()) {
          const one = call({ ask: { model: "fast" }, headers, caller: { attributes: { customer: `c${index}` } } });
          let counted = 0;
          let tried = 0;
          for (const [ending, duration] of story) {
            const next = await nextOf(one, world.asked, clock);
            if (next === undefined) break;
            expect(one.context.remaining()).toBeGreaterThan(0);
            if (world.region !== undefined) {
              seen.pinned++;
              expect(next.region).toBe(world.region);
            }
            clock.advance(duration);
            await one.try(next, ending);
            tried++;
            if (ending.result === "vetoed") seen.vetoes++;
            else counted++;
          }
          one.end();
          expect(counted).toBeLessThanOrEqual(world.attempts);
          // Every target once, and again only where it said when: each of those times was an attempt.
          expect(tried).toBeLessThanOrEqual(world.places.length + world.attempts + 1);
          further += Math.max(0, counted - 1);
          expect(clock.pending).toBe(0);
          seen.most = Math.max(seen.most, counted);
        }
        seen.further += further;
        if (world.retries !== undefined) {
          const { share, floor } = world.retries;
          const allowed = floor + (Number.parseInt(share, 10) / 100) * world.calls.length;
          // The window is longer than no story, so this bounds each stretch of it.
          const stretches = 1 + Math.floor(clock.ticks() / 9_000);
          expect(further).toBeLessThanOrEqual(allowed * stretches);
        }
      }),
      { numRuns: 500 },
    );
    expect(seen.most).toBeGreaterThan(3);
    for (const count of [seen.pinned, seen.further, seen.vetoes]) expect(count).toBeGreaterThan(20);
  });

  it("a plan is the alias's reachable places, each once", async () => {
    await fc.assert(
      fc.asyncProperty(worlds, async (world) => {
        const patient = {
          ...world,
          attempts: 20,
          failures: 100,
          retries: undefined,
          errorRate: undefined,
          deadline: 30_000,
        };
        const { call } = createWorld({ ...patient, allCooling: "try" });
        const headers = world.region === undefined ? {} : { "x-postern-region": world.region };
        const one = call({ ask: { model: "fast" }, headers });
        const tried: string[] = [];
        for (let next = await one.next(); next !== undefined; next = await one.next()) {
          tried.push(`${next.name} ${next.model}`);
          await one.try(next, happened.unreachable);
        }
        const fits = ([name]: readonly [string, number]): boolean =>
          world.region === undefined || world.homes[names.indexOf(name)] === world.region;
        const expected = world.places.filter(fits).map(([name, weight]) => `${name} m${weight}`);
        if (world.strategy === "priority") expect(tried).toEqual(expected);
        else expect([...tried].sort()).toEqual([...expected].sort());
      }),
    );
  });
});

describe("a half-open target, however calls overlap", () => {
  type Deed =
    | { readonly kind: "begin" }
    | { readonly kind: "end" | "leave"; readonly which: number; readonly how: number };
  const deeds = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant<Deed>({ kind: "begin" }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("end" as const), which: fc.nat(), how: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("leave" as const), which: fc.nat(), how: fc.nat() }) },
    ),
    { minLength: 5, maxLength: 60 },
  );

  it("has one probe at a time, never none for long, until it is open or closed again", async () => {
    const seen = { probes: 0, closed: 0, opened: 0 };
    const outcomes = [
      happened.answered,
      happened.unreachable,
      happened.vetoed,
      happened.aborted,
      happened.status(429, 0),
    ];
    await fc.assert(
      fc.asyncProperty(deeds, async (all) => {
        const { call, clock } = createScene({
          models: { fast: { targets: [{ target: "a" }, { target: "b" }] } },
          targets: [target("a"), target("b")],
          routing: { failures: 1, coolDown: "1s" },
        });
        const ask = { model: "fast" };
        await call({ ask }).through(happened.unreachable);
        clock.advance(1_000);
        let probing: { readonly one: RoutedCall; readonly target: Target } | undefined;
        for (const deed of all) {
          if (deed.kind === "begin") {
            const one = call({ ask });
            const next = (await one.next()) as Target;
            // Nobody is there: this one probes. Somebody is: nobody else does.
            expect(next.name).toBe(probing === undefined ? "a" : "b");
            if (probing === undefined) {
              probing = { one, target: next };
              seen.probes++;
            }
            continue;
          }
          if (probing === undefined) continue;
          const { one, target: probed } = probing;
          probing = undefined;
          if (deed.kind === "leave") {
            one.end();
            continue;
          }
          const outcome = outcomes[deed.how % outcomes.length] as Partial<AttemptOutcome>;
          await one.try(probed, outcome);
          one.end();
          if (outcome === happened.answered) {
            seen.closed++;
            for (let index = 0; index < 3; index++) expect((await call({ ask }).next())?.name).toBe("a");
            return;
          }
          if (outcome === happened.unreachable) {
            seen.opened++;
            for (let index = 0; index < 3; index++) expect((await call({ ask }).next())?.name).toBe("b");
            return;
          }
        }
      }),
      { numRuns: 300 },
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
  });
});
