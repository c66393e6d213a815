import fc from "fast-check";
import type { AttemptOutcome, Target } from "../../src/step.ts";
import { alias, createScene, happened, refusalOf, target } from "./scene.ts";

const models = { fast: alias("a", "b", "c") };
const targets = [target("a"), target("b"), target("c")];
const ask = { model: "fast" };

describe("failover", () => {
  it.each<[string, Partial<AttemptOutcome>]>([
    ["no connection", happened.unreachable],
    ["a timeout", happened.timeout],
    ["an empty or invalid answer", happened.empty],
    ["an error in the stream before content", happened.inBand],
    ["our own veto", happened.vetoed],
    ...[408, 409, 429, 500, 502, 503, 504, 529].map((status): [string, Partial<AttemptOutcome>] => [
      `${status}`,
      happened.status(status),
    ]),
  ])("after %s tries the next target", async (_what, ending) => {
    const { call } = createScene({ models, targets });
    expect(await call({ ask }).through(ending, happened.answered)).toEqual(["a", "b"]);
  });

  it.each<[string, Partial<AttemptOutcome>]>([
    ["an answer", happened.answered],
    ["an answer that broke after its first content", happened.torn],
    ["a caller who went away", happened.aborted],
    ["a budget that cut", happened.cut],
    ["an answer that is too large for us", happened.tooLarge],
    ["our key's refusal", happened.badKey],
    ...[400, 401, 403, 404, 413, 422].map((status): [string, Partial<AttemptOutcome>] => [
      `${status}`,
      happened.status(status),
    ]),
    ["429 after content", { ...happened.status(429), committed: true }],
  ])("does not happen after %s", async (_what, ending) => {
    const { call } = createScene({ models, targets });
    expect(await call({ ask }).through(ending, happened.answered)).toEqual(["a"]);
  });

  it("ends when every target was tried", async () => {
    const { call } = createScene({ models, targets });
    const fails = Array.from({ length: 9 }, () => happened.unreachable);
    expect(await call({ ask }).through(...fails)).toEqual(["a", "b", "c"]);
  });

  it("ends with the attempts that are allowed, of which a veto is none", async () => {
    const { call } = createScene({ models, targets, routing: { attempts: 2 } });
    const { unreachable, vetoed } = happened;
    expect(await call({ ask }).through(unreachable, unreachable, unreachable)).toEqual(["a", "b"]);
    expect(await call({ ask }).through(vetoed, unreachable, unreachable)).toEqual(["a", "b", "c"]);
  });

  it("ends with the call's deadline", async () => {
    const { call, clock } = createScene({ models, targets, routing: { deadline: "10s" } });
    const one = call({ ask });
    await one.through(happened.timeout);
    clock.advance(10_000);
    expect(await one.next()).toBeUndefined();
  });
});

describe("retry-after", () => {
  it("sends the call elsewhere first, and every other call too, until the time has come", async () => {
    const { call, clock } = createScene({ models, targets });
    expect(await call({ ask }).through(happened.status(429, 20_000), happened.answered)).toEqual(["a", "b"]);
    expect(await call({ ask }).through(happened.answered)).toEqual(["b"]);
    clock.advance(20_000);
    expect(await call({ ask }).through(happened.answered)).toEqual(["a"]);
  });

  it("is about one model at one target", async () => {
    const two = {
      fast: { targets: [{ target: "a", model: "m1" }] },
      slow: { targets: [{ target: "a", model: "m2" }] },
    };
    const { call } = createScene({ models: two, targets });
    await call({ ask: { model: "fast" } }).through(happened.status(429, 20_000));
    expect(refusalOf(() => call({ ask: { model: "fast" } }).next())).toBeDefined();
    expect(await call({ ask: { model: "slow" } }).through(happened.answered)).toEqual(["a"]);
  });

  it("is waited for when nobody else is left", async () => {
    const { call, clock } = createScene({ models: { fast: alias("a") }, targets });
    const one = call({ ask });
    await one.try(await one.next(), happened.status(429, 5_000));
    const again = one.next();
    expect(again).toBeInstanceOf(Promise);
    let tried: Target | undefined;
    void (again as Promise<Target | undefined>).then((next) => {
      tried = next;
    });
    clock.advance(4_999);
    await Promise.resolve();
    expect(tried).toBeUndefined();
    clock.advance(1);
    expect((await again)?.name).toBe("a");
  });

  it("of several is waited for at the target that comes first", async () => {
    const { call, clock } = createScene({ models, targets });
    const one = call({ ask });
    await one.through(happened.status(429, 9_000), happened.status(429, 3_000), happened.status(429, 6_000));
    const again = one.next();
    clock.advance(3_000);
    expect((await again)?.name).toBe("b");
  });

  it("is not waited for beyond the longest wait or the deadline", async () => {
    for (const routing of [{ longestWait: "2s" }, { deadline: "2s" }]) {
      const { call, clock } = createScene({ models: { fast: alias("a") }, targets, routing });
      const one = call({ ask });
      await one.try(await one.next(), happened.status(429, 2_001));
      expect(one.next()).toBeUndefined();
      expect(clock.pending).toBe(0);
    }
  });

  it("of the past is told to a caller who comes in between", async () => {
    const { call } = createScene({ models: { fast: alias("a") }, targets });
    await call({ ask }).through(happened.status(429, 60_000));
    expect(refusalOf(() => call({ ask }).next())).toMatchObject({ code: "no_target", retryAfter: 60_000 });
  });

  it("is no longer waited for when the call is over", async () => {
    const { call, clock } = createScene({ models: { fast: alias("a") }, targets });
    const one = call({ ask });
    await one.try(await one.next(), happened.status(429, 5_000));
    const again = one.next();
    one.end();
    await again;
    expect(clock.pending).toBe(0);
  });

  it("that ends after the deadline, since the process was busy, is followed by nothing", async () => {
    const { call, clock } = createScene({ models: { fast: alias("a") }, targets, routing: { deadline: "6s" } });
    const one = call({ ask });
    await one.try(await one.next(), happened.status(429, 5_000));
    const again = one.next();
    clock.advance(5_000);
    clock.advance(1_000);
    expect(await again).toBeUndefined();
  });

  it("is believed for an hour at most", async () => {
    const { call, clock } = createScene({ models: { fast: alias("a") }, targets });
    await call({ ask }).through(happened.status(429, 86_400_000 * 365));
    clock.advance(3_600_000);
    expect(await call({ ask }).through(happened.answered)).toEqual(["a"]);
  });
});

describe("the cool-down of a failing target", () => {
  const fail = async (call: ReturnType<typeof createScene>["call"], times: number, ending: Partial<AttemptOutcome>) => {
    for (let round = 0; round < times; round++) await call({ ask }).through(ending);
  };

  it.each<[string, Partial<AttemptOutcome>]>([
    ["lost connections", happened.unreachable],
    ["timeouts", happened.timeout],
    ["errors in the stream", happened.inBand],
    ["breaks after content", happened.torn],
    ["503", happened.status(503)],
    ["429 without a time", happened.status(429)],
  ])("begins with the third of %s in a row, and ends by itself", async (_what, ending) => {
    const { call, clock } = createScene({ models, targets });
    await fail(call, 2, ending);
    expect((await call({ ask }).next())?.name).toBe("a");
    await fail(call, 1, ending);
    expect((await call({ ask }).next())?.name).toBe("b");
    clock.advance(29_999);
    expect((await call({ ask }).next())?.name).toBe("b");
    clock.advance(1);
    expect((await call({ ask }).next())?.name).toBe("a");
  });

  it.each<[string, Partial<AttemptOutcome>]>([
    ["an answer", happened.answered],
    ["an error that faults the request", happened.status(400)],
  ])("does not begin while %s comes in between", async (_what, sound) => {
    const { call } = createScene({ models, targets });
    for (let round = 0; round < 3; round++) {
      await fail(call, 2, happened.unreachable);
      await fail(call, 1, sound);
    }
    expect((await call({ ask }).next())?.name).toBe("a");
  });

  it.each<[string, Partial<AttemptOutcome>]>([
    ["callers who leave", happened.aborted],
    ["budgets that cut", happened.cut],
    ["vetoes", happened.vetoed],
  ])("neither begins nor is prevented by %s", async (_what, ending) => {
    const { call } = createScene({ models, targets });
    await fail(call, 9, ending);
    expect((await call({ ask }).next())?.name).toBe("a");
    await fail(call, 2, happened.timeout);
    await fail(call, 1, ending);
    await fail(call, 1, happened.timeout);
    expect((await call({ ask }).next())?.name).toBe("b");
  });

  it("begins anew with the first failure after it", async () => {
    const { call, clock } = createScene({ models, targets });
    await fail(call, 3, happened.unreachable);
    clock.advance(30_000);
    await fail(call, 1, happened.unreachable);
    expect((await call({ ask }).next())?.name).toBe("b");
  });

  it("of all leaves the one whose time is up first", async () => {
    const { call, clock } = createScene({ models, targets, routing: { failures: 1 } });
    const { unreachable } = happened;
    const one = call({ ask });
    for (let round = 0; round < 3; round++) {
      await one.try(await one.next(), unreachable);
      clock.advance(1_000);
    }
    expect(await call({ ask }).through(unreachable, unreachable, unreachable)).toEqual(["a", "b", "c"]);
    await call({ ask }).through(happened.answered);
  });

  it("outlives a reload, by the target's name", async () => {
    const scene = createScene({ models, targets });
    await fail(scene.call, 3, happened.unreachable);
    const reloaded = scene.reload({ models: { fast: alias("a", "d") }, targets: [target("a"), target("d")] });
    expect((await reloaded({ ask }).next())?.name).toBe("d");
  });
});

describe("whatever happens", () => {
  const endings = [
    ...[happened.unreachable, happened.timeout, happened.empty, happened.inBand, happened.vetoed],
    ...[400, 408, 429, 500, 529].map((status) => happened.status(status)),
    ...[0, 1, 900, 4_000, 11_000].map((wait) => happened.status(429, wait)),
    ...[happened.answered, happened.torn, happened.aborted, happened.cut, happened.tooLarge],
  ];
  const names = ["a", "b", "c", "d"];
  const stories = fc.record({
    planned: fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 6 }),
    attempts: fc.integer({ min: 1, max: 6 }),
    failures: fc.integer({ min: 1, max: 3 }),
    deadline: fc.integer({ min: 1, max: 30_000 }),
    asked: fc.option(fc.constantFrom(...names), { nil: undefined }),
    calls: fc.array(fc.infiniteStream(fc.tuple(fc.constantFrom(...endings), fc.nat(3_000))), {
      minLength: 1,
      maxLength: 4,
    }),
  });

  it("the loop ends, within the attempts and the deadline, and only who asked to come back is tried twice", async () => {
    let most = 0;
    let revisits = 0;
    await fc.assert(
      fc.asyncProperty(stories, async ({ planned, attempts, failures, deadline, asked, calls }) => {
        const { call, clock } = createScene({
          models: { fast: alias(...planned) },
          targets: names.map((name) => target(name)),
          routing: { attempts, failures, deadline: `${deadline}ms` },
        });
        for (const story of calls) {
          const one = call({ ask });
          const invited = new Map<Target, number>();
          const tried = new Set<Target>();
          let counted = 0;
          for (const [ending, duration] of story) {
            const choice = nextOf(one, asked);
            while (clock.pending > 0) clock.advance(1);
            const next = await choice;
            if (next === undefined) break;
            expect(one.last === undefined || !one.last.committed).toBe(true);
            expect(one.context.remaining()).toBeGreaterThan(0);
            if (tried.has(next)) {
              revisits++;
              expect(invited.get(next)).toBeLessThanOrEqual(clock.ticks());
            }
            tried.add(next);
            invited.delete(next);
            clock.advance(duration);
            if (ending.result !== "vetoed") counted++;
            if ("retryAfter" in ending && ending.retryAfter !== undefined)
              invited.set(next, clock.ticks() + ending.retryAfter);
            await one.try(next, ending);
          }
          expect(counted).toBeLessThanOrEqual(attempts);
          expect(clock.pending).toBe(0);
          most = Math.max(most, counted);
        }
      }),
    );
    expect(most).toBeGreaterThan(2);
    expect(revisits).toBeGreaterThan(0);
  });
});

/** A refusal instead of a first target ends the call as well. */
function nextOf(one: ReturnType<ReturnType<typeof createScene>["call"]>, asked: string | undefined) {
  try {
    return one.next(asked);
  } catch {
    return undefined;
  }
}
