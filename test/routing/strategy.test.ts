import fc from "fast-check";
import { alias, createScene, happened, target } from "./scene.ts";

type Scene = ReturnType<typeof createScene>;
const names = ["a", "b", "c"];
const targets = names.map((name) => target(name));
const ask = { model: "fast" };
const fails = names.map(() => happened.unreachable);

/** Numbers in [0, 1) that lie evenly: whatever is drawn by them is drawn in proportion. */
function createEvenRandom(step = 0.618_033_988_749_895): () => number {
  let at = 0;
  return () => {
    at = (at + step) % 1;
    return at;
  };
}

/** A small generator with a seed, so that a distribution is the same in every run. */
function createSeededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const weighted = (...weights: readonly number[]) => ({
  fast: {
    strategy: "weighted" as const,
    targets: weights.map((weight, index) => ({ target: names[index] as string, weight })),
  },
});

const sticky = (stickyBy: string, ...members: readonly string[]) => ({
  fast: { strategy: "sticky" as const, stickyBy, targets: members.map((name) => ({ target: name })) },
});

async function firsts(scene: Scene, calls: number): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let index = 0; index < calls; index++) {
    const name = (await scene.call({ ask }).next())?.name ?? "none";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

describe("the strategy weighted", () => {
  it("draws each target in proportion to its weight", async () => {
    const calls = 4_000;
    const shares = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(shares, fc.nat(), async (weights, seed) => {
        const scene = createScene({ models: weighted(...weights), targets, random: createSeededRandom(seed) });
        const counts = await firsts(scene, calls);
        const sum = weights.reduce((total, weight) => total + weight, 0);
        for (const [index, weight] of weights.entries()) {
          const share = (counts.get(names[index] as string) ?? 0) / calls;
          // Five standard deviations of a share of so many draws.
          expect(Math.abs(share - weight / sum)).toBeLessThan(5 * Math.sqrt(0.25 / calls));
        }
      }),
      { numRuns: 20 },
    );
  });

  it("tries the others after it, drawn too, each once", async () => {
    const scene = createScene({ models: weighted(1, 1, 1), targets, random: createSeededRandom(7) });
    const orders = new Set<string>();
    for (let index = 0; index < 200; index++) {
      const tried = await scene.call({ ask }).through(...fails);
      expect([...tried].sort()).toEqual(names);
      orders.add(tried.join(""));
    }
    expect([...orders].sort()).toEqual(["abc", "acb", "bac", "bca", "cab", "cba"]);
  });

  it("tries a target without a weight only when the others failed", async () => {
    const scene = createScene({ models: weighted(0, 1, 1), targets, random: createSeededRandom(3) });
    expect((await firsts(scene, 500)).has("a")).toBe(false);
    expect((await scene.call({ ask }).through(...fails))[2]).toBe("a");
  });

  it("draws once for a call", async () => {
    let draws = 0;
    const random = (): number => {
      draws++;
      return 0.5;
    };
    const { call } = createScene({ models: weighted(1, 2, 3), targets, random });
    const one = call({ ask });
    one.request();
    await one.through(...fails);
    expect(draws).toBe(3);
  });

  it("passes over a target that cools down, whatever is drawn", async () => {
    const scene = createScene({
      models: weighted(1_000, 1, 1),
      targets,
      random: createEvenRandom(),
      routing: { failures: 1 },
    });
    while ((await scene.call({ ask }).through(happened.unreachable))[0] !== "a");
    expect((await firsts(scene, 200)).has("a")).toBe(false);
  });
});

describe("the strategy sticky", () => {
  const targetOf = async (scene: Scene, customer: string) =>
    (await scene.call({ ask, caller: { attributes: { customer } } }).next())?.name;
  const customers = Array.from({ length: 600 }, (_, index) => `customer-${index}`);

  it("gives equal calls one target, in every process, and different ones all", async () => {
    const models = sticky("customer", ...names);
    const [one, other] = [1, 2].map((seed) => createScene({ models, targets, random: createSeededRandom(seed) }));
    const counts = new Map<string, number>();
    for (const customer of customers) {
      const name = (await targetOf(one as Scene, customer)) as string;
      expect(await targetOf(other as Scene, customer)).toBe(name);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    for (const name of names) expect(counts.get(name)).toBeGreaterThan(140);
  });

  it("moves nobody but those of a target that leaves", async () => {
    const before = createScene({ models: sticky("customer", "a", "b", "c"), targets });
    const after = createScene({ models: sticky("customer", "c", "a"), targets });
    let moved = 0;
    for (const customer of customers) {
      const was = await targetOf(before, customer);
      const is = await targetOf(after, customer);
      if (was === "b") moved++;
      else expect(is).toBe(was);
    }
    expect(moved).toBeGreaterThan(100);
  });

  it("respects weights", async () => {
    const targetsOf = [
      { target: "a", weight: 3 },
      { target: "b", weight: 1 },
    ];
    const scene = createScene({ models: { fast: { strategy: "sticky", targets: targetsOf } }, targets });
    const all = await Promise.all(customers.map((customer) => targetOf(scene, customer)));
    expect(all.filter((name) => name === "a").length / customers.length).toBeCloseTo(0.75, 1);
  });

  it("goes elsewhere while the target cools down, to one and the same, and comes back", async () => {
    const scene = createScene({ models: sticky("customer", ...names), targets, routing: { failures: 1 } });
    const home = await targetOf(scene, "acme");
    await scene.call({ ask, caller: { attributes: { customer: "acme" } } }).through(happened.unreachable);
    const refuge = await targetOf(scene, "acme");
    expect(refuge).not.toBe(home);
    expect(await targetOf(scene, "acme")).toBe(refuge);
    scene.clock.advance(30_000);
    expect(await targetOf(scene, "acme")).toBe(home);
  });

  it.each<[string, (value: string) => object]>([
    ["team", (team) => ({ caller: { attributes: { team } } })],
    ["key", (key) => ({ caller: { key } })],
    ["header:x-session-id", (session) => ({ headers: { "x-session-id": session } })],
  ])("may go by %s", async (stickyBy, withValue) => {
    const scene = createScene({ models: sticky(stickyBy, ...names), targets, random: createSeededRandom(5) });
    const nameOf = async (value: string) => (await scene.call({ ask, ...withValue(value) }).next())?.name;
    const first = await Promise.all(customers.slice(0, 60).map(nameOf));
    expect(await Promise.all(customers.slice(0, 60).map(nameOf))).toEqual(first);
    expect(new Set(first).size).toBe(3);
  });

  it("draws by weight for calls that have nothing in common, so that they do not crowd at one target", async () => {
    for (const headers of [{}, { "x-session-id": "" }]) {
      const models = sticky("header:x-session-id", ...names);
      const scene = createScene({ models, targets, random: createSeededRandom(9) });
      const seen = new Set<string | undefined>();
      for (let index = 0; index < 60; index++) seen.add((await scene.call({ ask, headers }).next())?.name);
      expect(seen.size).toBe(3);
    }
  });

  it("keeps no trace of what calls have in common", async () => {
    const scene = createScene({ models: sticky("header:x-session-id", ...names), targets });
    const one = scene.call({ ask, headers: { "x-session-id": "canary" } });
    expect(JSON.stringify(await one.next())).not.toContain("canary");
  });
});

describe("the strategy priority", () => {
  it("is the order as it stands, and draws nothing", async () => {
    const random = (): number => {
      throw new Error("nothing is to be drawn");
    };
    const { call } = createScene({ models: { fast: alias(...names) }, targets, random });
    expect(await call({ ask }).through(...fails)).toEqual(names);
  });
});
