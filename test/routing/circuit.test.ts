import type { AttemptOutcome, Target } from "../../src/step.ts";
import { alias, createScene, happened, type RoutedCall, refusalOf, target } from "./scene.ts";

type Scene = ReturnType<typeof createScene>;

const models = { fast: alias("a", "b") };
const targets = [target("a"), target("b")];
const ask = { model: "fast" };
const failing = { models, targets, routing: { failures: 1 } };

/** Runs a call to its end through whoever is first. */
const run = async ({ call }: Scene, ending: Partial<AttemptOutcome>): Promise<string | undefined> =>
  (await call({ ask }).through(ending))[0];

/** A call whose first target has not answered yet. */
async function begin({ call }: Scene): Promise<{ readonly one: RoutedCall; readonly first: Target | undefined }> {
  const one = call({ ask });
  const first = await one.next();
  return { one, first };
}

async function halfOpen(): Promise<Scene> {
  const scene = createScene(failing);
  expect(await run(scene, happened.unreachable)).toBe("a");
  scene.clock.advance(30_000);
  return scene;
}

describe("a target whose cool-down is over", () => {
  it("gets one call at a time until one succeeded, then all", async () => {
    const scene = await halfOpen();
    const calls = await Promise.all(Array.from({ length: 20 }, () => begin(scene)));
    expect(calls.map(({ first }) => first?.name)).toEqual(["a", ...Array<string>(19).fill("b")]);
    await calls[0]?.one.try(calls[0].first, happened.answered);
    const later = await Promise.all(Array.from({ length: 20 }, () => begin(scene)));
    expect(new Set(later.map(({ first }) => first?.name))).toEqual(new Set(["a"]));
  });

  it("is passed over for as long again when the probe failed", async () => {
    const scene = await halfOpen();
    expect(await run(scene, happened.status(503))).toBe("a");
    scene.clock.advance(29_999);
    expect((await begin(scene)).first?.name).toBe("b");
    scene.clock.advance(1);
    expect((await begin(scene)).first?.name).toBe("a");
  });

  it.each<[string, (one: RoutedCall, first: Target | undefined) => Promise<unknown>]>([
    ["its caller went away before it was sent", async (one) => one.end()],
    [
      "a step vetoed it before routing was asked",
      async (one) => {
        one.last = { result: "vetoed" } as AttemptOutcome;
        await one.next();
      },
    ],
    [
      "it was vetoed",
      async (one, first) => {
        await one.try(first, happened.vetoed);
        await one.next();
      },
    ],
    [
      "its caller went away",
      async (one, first) => {
        await one.try(first, happened.aborted);
        one.end();
      },
    ],
    [
      "the provider said when to come back",
      async (one, first) => {
        await one.try(first, happened.status(429, 5));
        await one.next();
      },
    ],
  ])("gets the next probe when the first said nothing: %s", async (_, quit) => {
    const scene = await halfOpen();
    const { one, first } = await begin(scene);
    expect(first?.name).toBe("a");
    expect((await begin(scene)).first?.name).toBe("b");
    await quit(one, first);
    scene.clock.advance(5);
    expect((await begin(scene)).first?.name).toBe("a");
    expect((await begin(scene)).first?.name).toBe("b");
  });

  it("gets the next probe when the first has not come to an end for a cool-down", async () => {
    const scene = await halfOpen();
    const slow = await begin(scene);
    scene.clock.advance(29_999);
    expect((await begin(scene)).first?.name).toBe("b");
    scene.clock.advance(1);
    const next = await begin(scene);
    expect(next.first?.name).toBe("a");
    // The slow one's end frees nobody else's place, and still counts.
    slow.one.end();
    expect((await begin(scene)).first?.name).toBe("b");
    await slow.one.try(slow.first, happened.answered);
    expect((await begin(scene)).first?.name).toBe("a");
  });
});

describe("an attempt that began before its target was given up", () => {
  it("neither brings it back nor keeps it away longer", async () => {
    const scene = createScene(failing);
    const old = await Promise.all([begin(scene), begin(scene)]);
    const opened: { end: (ending: Partial<AttemptOutcome>) => Promise<unknown> }[] = [];
    for (const { one, first } of old) {
      const attempt = await one.open(first);
      opened.push(attempt);
    }
    await run(scene, happened.unreachable);
    scene.clock.advance(20_000);
    await opened[0]?.end(happened.answered);
    expect((await begin(scene)).first?.name).toBe("b");
    await opened[1]?.end(happened.timeout);
    scene.clock.advance(10_000);
    expect((await begin(scene)).first?.name).toBe("a");
  });
});

describe("the error rate", () => {
  const rate = (errorRate: object, failures = 100): Scene =>
    createScene({ models, targets, routing: { failures, errorRate } });

  it("opens a target from its share on, once there are enough attempts to tell", async () => {
    const scene = rate({ above: "50%", calls: 10 });
    for (const ending of Array.from({ length: 9 }, (_, index) =>
      index % 2 === 0 ? happened.answered : happened.timeout,
    ))
      expect(await run(scene, ending)).toBe("a");
    expect(await run(scene, happened.timeout)).toBe("a");
    expect(await run(scene, happened.answered)).toBe("b");
  });

  it("does not open it below", async () => {
    const scene = rate({ above: "50%", calls: 10 });
    for (let round = 0; round < 40; round++) {
      for (const ending of [happened.answered, happened.timeout, happened.answered])
        expect(await run(scene, ending)).toBe("a");
    }
  });

  it("forgets what is older than its window", async () => {
    const scene = rate({ above: "50%", calls: 4, window: "10s" });
    for (let round = 0; round < 3; round++) await run(scene, happened.timeout);
    scene.clock.advance(10_000);
    for (let round = 0; round < 3; round++) expect(await run(scene, happened.timeout)).toBe("a");
    expect(await run(scene, happened.timeout)).toBe("a");
    expect(await run(scene, happened.answered)).toBe("b");
  });

  it("begins to count anew when the target is back", async () => {
    const scene = rate({ above: "50%", calls: 4 });
    for (let round = 0; round < 4; round++) await run(scene, happened.timeout);
    scene.clock.advance(30_000);
    expect(await run(scene, happened.answered)).toBe("a");
    for (let round = 0; round < 2; round++) expect(await run(scene, happened.timeout)).toBe("a");
    expect((await begin(scene)).first?.name).toBe("a");
  });

  it("that opened a target keeps it open when the probe fails, however few failed in a row", async () => {
    const scene = rate({ above: "50%", calls: 4 });
    for (const ending of [happened.answered, happened.timeout, happened.answered, happened.timeout])
      await run(scene, ending);
    scene.clock.advance(30_000);
    expect(await run(scene, happened.timeout)).toBe("a");
    expect(await run(scene, happened.answered)).toBe("b");
  });

  it("is not looked at where nothing is said of it", async () => {
    const scene = createScene({ models, targets, routing: { failures: 100 } });
    for (let round = 0; round < 99; round++) expect(await run(scene, happened.timeout)).toBe("a");
  });
});

describe("when every target is passed over", () => {
  const refusing = { models, targets, routing: { failures: 1, allCooling: "refuse" } } as const;
  const broken = async (options: Parameters<typeof createScene>[0]): Promise<Scene> => {
    const scene = createScene(options);
    expect(await scene.call({ ask }).through(happened.unreachable, happened.timeout)).toEqual(["a", "b"]);
    return scene;
  };

  it("one is tried all the same", async () => {
    const scene = await broken(failing);
    expect((await begin(scene)).first?.name).toBe("a");
  });

  it("the call is refused at once where the config says so, with the time after which it may come again", async () => {
    const scene = await broken(refusing);
    scene.clock.advance(10_000);
    expect(refusalOf(() => scene.call({ ask }).next())).toMatchObject({
      code: "no_target",
      detail: { reason: "cooling" },
      retryAfter: 20_000,
    });
    scene.clock.advance(20_000);
    const probes = [await begin(scene), await begin(scene)];
    expect(probes.map(({ first }) => first?.name)).toEqual(["a", "b"]);
    expect(refusalOf(() => scene.call({ ask }).next())).toMatchObject({ code: "no_target" });
  });

  it("a failing call ends with what it met instead of trying one", async () => {
    const scene = createScene(refusing);
    const busy = await begin(scene);
    await run(scene, happened.unreachable);
    expect(await scene.call({ ask }).through(happened.timeout, happened.answered)).toEqual(["b"]);
    await busy.one.try(busy.first, happened.status(500));
    expect(await busy.one.next()).toBeUndefined();
  });

  it("one that a call waits for and that fails meanwhile is not tried", async () => {
    const scene = createScene({ ...refusing, models: { fast: alias("a") } });
    const busy = await begin(scene);
    await run(scene, happened.status(429, 5_000));
    const waiting = scene.call({ ask }).next();
    await busy.one.try(busy.first, happened.timeout);
    scene.clock.advance(5_000);
    expect(await waiting).toBeUndefined();
  });
});
