import type { Reply } from "../../src/http.ts";
import { alias, anthropic, createScene, happened, openai, refusalOf, target } from "./scene.ts";

const own = { key: undefined, ownKey: true };
const claude = target("claude", { provider: "anthropic" });

describe("the plan of a caller with a virtual key", () => {
  it("is the alias's targets in order, each under its own name for the model", async () => {
    const models = {
      fast: { targets: [{ target: "a", model: "gpt-5-mini" }, { target: "b" }, { target: "a", model: "gpt-5-nano" }] },
    };
    const { call } = createScene({ models, targets: [target("a"), target("b")] });
    const one = call({ ask: { model: "fast" } });
    expect(one.request()).toBeUndefined();
    const asked: string[] = [];
    for (let round = 0; round < 3; round++) {
      const next = await one.next();
      await one.try(next, happened.status(500));
      asked.push(`${next?.name} ${one.attempt?.asked.model}`);
    }
    expect(asked).toEqual(["a gpt-5-mini", "b fast", "a gpt-5-nano"]);
    expect(await one.next()).toBeUndefined();
  });

  it("skips targets that speak another wire, and is refused when none is left", async () => {
    const { call } = createScene({ models: { fast: alias("claude", "a") }, targets: [claude, target("a")] });
    expect(await call({ ask: { model: "fast" } }).through(happened.status(500), happened.status(500))).toEqual(["a"]);
    const { call: other } = createScene({ models: { fast: alias("a") }, targets: [target("a")] });
    expect(other({ ask: { model: "fast" }, dialect: anthropic }).request()).toMatchObject({
      code: "target_unfit",
      detail: { reason: "dialect" },
    });
  });

  it("is the provider's first target where no alias is configured, and no second one", async () => {
    const { call } = createScene({ targets: [claude, target("a"), target("b")] });
    expect(await call().through(happened.status(500), happened.status(500))).toEqual(["a"]);
    expect(await call({ dialect: anthropic }).through(happened.answered)).toEqual(["claude"]);
  });

  it("has targets without a key too, such as a model of one's own; the virtual key stays here", async () => {
    const bare = target("bare", { apiKey: undefined });
    const { call } = createScene({ models: { fast: alias("bare", "a") }, targets: [bare, target("a")] });
    expect(await call({ ask: { model: "fast" } }).through(happened.status(500), happened.status(500))).toEqual([
      "bare",
      "a",
    ]);
    const { call: onlyBare } = createScene({ models: { fast: alias("bare") }, targets: [bare] });
    expect(await onlyBare({ ask: { model: "fast" } }).through(happened.answered)).toEqual(["bare"]);
  });

  it("knows no model but the aliases, where there are any", () => {
    const { call } = createScene({ models: { fast: alias("a") }, targets: [target("a")] });
    for (const model of ["gpt-5-mini", "FAST", "constructor", "__proto__", "fast "]) {
      expect(call({ ask: { model } }).request()).toMatchObject({ code: "model_not_found", status: 404 });
    }
  });

  it("is refused where the key does not permit the model", () => {
    const { call } = createScene({ targets: [target("a")] });
    const ask = (models: readonly string[], model: string) => call({ caller: { models }, ask: { model } }).request();
    expect(ask(["gpt-5-mini"], "gpt-5-mini")).toBeUndefined();
    expect(ask(["gpt-5*"], "gpt-5-nano")).toBeUndefined();
    expect(ask(["*"], "anything")).toBeUndefined();
    expect(ask(["gpt-5"], "gpt-5-mini")).toMatchObject({ code: "model_not_found" });
    expect(ask(["gpt-5*"], "gpt-4o")).toMatchObject({ code: "model_not_found" });
    expect(ask([], "gpt-4o")).toMatchObject({ code: "model_not_found" });
  });

  it("is refused where the key does not permit a further model that the request names", () => {
    const { call } = createScene({ targets: [target("a")] });
    const ask = (models: readonly string[] | undefined, ...furtherModels: readonly string[]) =>
      call({ caller: { models }, ask: { model: "gpt-5", furtherModels } }).request();
    expect(ask(undefined, "gpt-5-mini", "*")).toBeUndefined();
    expect(ask(["gpt-5*"], "gpt-5-mini")).toBeUndefined();
    expect(ask(["*"], "*")).toBeUndefined();
    expect(ask(["gpt-5*"], "gpt-5-mini", "gpt-4o")).toMatchObject({ code: "model_not_found" });
    expect(ask(["gpt-5*"], "*")).toMatchObject({ code: "model_not_found" });
  });

  it("is refused where a further model is none that the aliases lead to", () => {
    const models = { fast: { targets: [{ target: "a", model: "gpt-5-mini" }, { target: "b" }] } };
    const { call } = createScene({ models, targets: [target("a"), target("b")] });
    const ask = (further: string, caller: object = {}) =>
      call({ caller, ask: { model: "fast", furtherModels: [further] } }).request();
    for (const further of ["gpt-5-mini", "fast"]) expect(ask(further)).toBeUndefined();
    for (const further of ["gpt-5", "*"]) expect(ask(further)).toMatchObject({ code: "model_not_found" });
    expect(ask("gpt-5-mini", { models: ["fast"] })).toMatchObject({ code: "model_not_found" });
    expect(ask("gpt-5-mini", { models: ["fast", "gpt-5-mini"] })).toBeUndefined();
    expect(ask("gpt-5", own)).toBeUndefined();
  });

  it("needs a caller: without one nobody is let on", () => {
    const { call } = createScene({ targets: [target("a")] });
    const one = call();
    const hooks = { ...one.context, facts: { get: () => undefined, set: () => {} } };
    const { call: reopened } = createScene({ targets: [target("a")] });
    const other = reopened();
    Object.assign(other.context, { facts: hooks.facts });
    expect(other.request()).toMatchObject({ code: "missing_key" });
    expect(refusalOf(() => other.next())).toMatchObject({ code: "missing_key" });
  });
});

describe("the plan of a caller with a provider key of its own", () => {
  it("is that provider's own host and nothing else", async () => {
    const { call } = createScene({ targets: [target("a"), claude] });
    const hosts = { openai: "https://api.openai.com/v1", anthropic: "https://api.anthropic.com/v1" };
    for (const dialect of [openai, anthropic]) {
      const one = call({ caller: own, dialect });
      expect(one.request()).toBeUndefined();
      const next = await one.next();
      expect(next).toMatchObject({ name: dialect.provider, baseUrl: hosts[dialect.provider], apiKey: undefined });
      await one.try(next, happened.status(500));
      expect(await one.next()).toBeUndefined();
    }
  });

  it("never is an operator's key, be it by name, by alias or by the host's pick", async () => {
    const keyed = target("openai", { headers: { authorization: "Bearer operator" } });
    const { call } = createScene({
      models: { fast: alias("openai") },
      targets: [keyed, target("b", { headers: keyed.headers })],
    });
    const seen = [
      await call({ caller: own }).next(),
      await call({ caller: own, ask: { model: "fast" } }).next(),
      await call({ caller: own }).next("openai"),
      await call({ caller: own }).next("b"),
    ];
    expect(seen.map((next) => next?.apiKey)).toEqual([undefined, undefined, undefined, undefined]);
    expect(JSON.stringify(seen)).not.toMatch(/operator|key of/);
    expect(seen.map((next) => next?.baseUrl)).toEqual([
      "https://api.openai.com/v1",
      "https://api.openai.com/v1",
      "https://api.openai.com/v1",
      // The caller itself pointed its key at this configured host.
      "https://b.example/v1",
    ]);
    const one = call({ caller: own });
    await expect(one.try(keyed, happened.answered)).rejects.toThrow("credential");
  });

  it("may be a target that the operator left without a key, and only one", async () => {
    const models = { fast: alias("a", "mine", "more") };
    const bare = [target("mine", { apiKey: undefined }), target("more", { apiKey: undefined })];
    const { call } = createScene({ models, targets: [target("a"), ...bare] });
    const one = call({ caller: own, ask: { model: "fast" } });
    expect(await one.through(happened.status(500), happened.status(500))).toEqual(["mine"]);
    const named = target("openai", { apiKey: undefined });
    const { call: renamed } = createScene({ targets: [named] });
    expect(await renamed({ caller: own }).next()).toBe(named);
  });

  it("does not suffer from what others met, nor others from it", async () => {
    const keyed = target("openai");
    const { call } = createScene({ routing: { failures: 1 }, targets: [keyed] });
    await call().through(happened.status(429, 60_000));
    expect(await call({ caller: own }).through(happened.status(429, 90_000))).toEqual(["openai"]);
    const other = target("openai");
    const { call: fresh } = createScene({ targets: [other] });
    await fresh({ caller: own }).through(happened.status(429, 60_000));
    expect(await fresh().next()).toBe(other);
  });
});

describe("a target that the host picked", () => {
  const targets = [target("a"), target("b"), claude];

  it("comes first, and the plan's others after it", async () => {
    const { call } = createScene({ models: { fast: alias("a", "b") }, targets });
    const one = call({ ask: { model: "fast" } });
    const first = await one.next("b");
    await one.try(first, happened.status(500));
    const second = await one.next("b");
    await one.try(second, happened.status(500));
    expect([first?.name, second?.name]).toEqual(["b", "a"]);
    expect(await one.next("b")).toBeUndefined();
  });

  it("stays alone when it stands outside of the plan", async () => {
    const { call } = createScene({ targets });
    const one = call();
    const first = await one.next("b");
    expect(first?.name).toBe("b");
    await one.try(first, happened.status(500));
    expect(await one.next("b")).toBeUndefined();
  });

  it.each(["claude", "nobody", "constructor"])("is none when it is %s", (name) => {
    const { call } = createScene({ targets });
    expect(call().next(name)).toBeUndefined();
  });
});

describe("an alias to a target that is not configured", () => {
  it("is the operator's mistake, found at the start", () => {
    expect(() => createScene({ models: { fast: alias("nobody") }, targets: [] })).toThrow("models.fast");
  });
});

describe("the output tokens that a key permits", () => {
  const permitted = async (caller: object, ask: object): Promise<number | undefined> => {
    const { call } = createScene({ targets: [target("a")] });
    const one = call({ caller, ask });
    expect(one.request()).toBeUndefined();
    await one.try(await one.next(), happened.answered);
    return one.attempt?.asked.maxOutput;
  };

  it("are all that is asked for, up to the key's", async () => {
    expect(await permitted({ maxOutputTokens: 100 }, { maxOutput: 50 })).toBe(50);
    expect(await permitted({ maxOutputTokens: 100 }, { maxOutput: 101 })).toBe(100);
    expect(await permitted({ maxOutputTokens: 100 }, {})).toBe(100);
    expect(await permitted({}, { maxOutput: 101 })).toBe(101);
    expect(await permitted({}, {})).toBeUndefined();
    expect(await permitted({ maxOutputTokens: 100 }, { operation: "count_tokens" })).toBeUndefined();
  });

  it("refuse a call that would think more than that", () => {
    const { call } = createScene({ targets: [target("a")] });
    const think = (thinkingBudget: number, maxOutput: number) =>
      call({ caller: { maxOutputTokens: 2_000 }, ask: { thinkingBudget, maxOutput } }).request();
    expect(think(2_000, 4_000)).toMatchObject({ code: "forbidden", detail: { maxOutputTokens: 2_000 } });
    expect(think(1_999, 4_000)).toBeUndefined();
    expect(think(1_500, 1_800)).toBeUndefined();
  });

  it("pass over a target of the caller's wire for such a call, where one of another wire has no such budget", async () => {
    const models = { fast: alias("claude", "a"), deep: alias("claude") };
    const { call } = createScene({ models, targets: [claude, target("a")], translates: true });
    const asks = { caller: { maxOutputTokens: 2_000 }, dialect: anthropic };
    const ask = { model: "fast", thinkingBudget: 2_000, maxOutput: 4_000 };
    const one = call({ ...asks, ask });
    expect(one.request()).toBeUndefined();
    await expect(one.try(await one.next(), happened.answered)).rejects.toThrow("thinking_budget");
    expect(call({ ...asks, ask: { ...ask, model: "deep" } }).request()).toMatchObject({ code: "forbidden" });
    const watched = call({ ...asks, ask, mode: "observe" });
    await watched.try(await watched.next(), happened.answered);
  });
});

describe("GET /v1/models", () => {
  const models = { fast: alias("a"), smart: alias("claude", "a"), deep: alias("claude") };
  const targets = [target("a"), claude];
  const list = (ids: readonly string[]): Reply => ({ status: 200, headers: {}, body: Buffer.from(ids.join(" ")) });
  const listed = (scene: ReturnType<typeof createScene>, caller: object, dialect: object, operation = "models") => {
    const one = scene.call({ caller, ask: { operation, model: "" } as object, dialect: { ...dialect, models: list } });
    const reply = one.hooks.head?.() as Reply | undefined;
    return reply && Buffer.from(reply.body).toString();
  };

  it("names the aliases that the caller may ask for in its dialect", () => {
    const scene = createScene({ models, targets });
    expect(listed(scene, {}, openai)).toBe("fast smart");
    expect(listed(scene, {}, anthropic)).toBe("smart deep");
    expect(listed(scene, { models: ["f*"] }, openai)).toBe("fast");
    expect(listed(scene, { models: ["f*"] }, openai, "model")).toBe("fast");
    expect(listed(scene, { models: [] }, openai)).toBe("");
  });

  it("is the provider's own list where there are no aliases, or for a caller with its own key", async () => {
    const scene = createScene({ targets });
    expect(listed(scene, {}, openai)).toBeUndefined();
    expect(listed(createScene({ models, targets }), own, openai)).toBeUndefined();
    const one = scene.call({ ask: { operation: "models", model: "" } });
    expect(one.request()).toBeUndefined();
    expect((await one.next())?.name).toBe("a");
  });

  it("is no answer to a chat", () => {
    expect(listed(createScene({ models, targets }), {}, openai, "chat")).toBeUndefined();
  });
});
