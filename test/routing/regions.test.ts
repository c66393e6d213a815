import { alias, anthropic, createScene, happened, refusalOf, target } from "./scene.ts";

const hash = `sha256:${"0".repeat(64)}`;
const eu = target("eu", { region: "eu" });
const eu2 = target("eu2", { region: "eu" });
const us = target("us", { region: "us" });
const some = target("some");
const targets = [us, some, eu, eu2];
const access = { keys: [{ id: "web", hash, region: "eu" }] };
const models = { fast: alias("us", "some", "eu", "eu2") };
const ask = { model: "fast" };
const fails = targets.map(() => happened.unreachable);
const inEu = { "x-postern-region": "eu" };

describe("a call that is pinned to a region", () => {
  it.each<[string, Parameters<typeof createScene>[0], object]>([
    ["its key", { models, targets, access }, {}],
    ["its header", { models, targets }, { headers: inEu }],
    ["its header, in any case", { models, targets }, { headers: { "x-postern-region": "EU" } }],
    ["its alias", { models: { fast: { ...models.fast, region: "eu" } }, targets }, {}],
    ["all of them", { models: { fast: { ...models.fast, region: "eu" } }, targets, access }, { headers: inEu }],
  ])("by %s reaches targets there alone, failover included", async (_, options, call) => {
    const scene = createScene(options);
    const one = scene.call({ ask, ...call });
    expect(one.request()).toBeUndefined();
    expect(await one.through(...fails)).toEqual(["eu", "eu2"]);
  });

  it("does not pin the calls of others", async () => {
    const scene = createScene({ models, targets, access });
    await scene.call({ ask }).through(happened.answered);
    expect(await scene.call({ ask, caller: { key: "other" } }).through(...fails)).toEqual(["us", "some", "eu", "eu2"]);
  });

  it("is refused where no target is there, or where it is pinned to two", () => {
    const reason = { code: "target_unfit", detail: { reason: "region" } };
    const refused = [
      createScene({ models, targets }).call({ ask, headers: { "x-postern-region": "ap" } }),
      createScene({ targets }).call({ headers: { "x-postern-region": "ap" } }),
      createScene({ models, targets, access }).call({ ask, headers: { "x-postern-region": "us" } }),
    ];
    for (const one of refused) {
      expect(one.request()).toMatchObject(reason);
      expect(one.next()).toBeUndefined();
    }
  });

  it.each<[string | readonly string[]]>([
    ...["", "eu west", "e\nu", "é", "-", "x".repeat(65)].map((value): [string] => [value]),
    [["eu", "us"]],
  ])("is refused where the header holds %j instead of a region", (value) => {
    const one = createScene({ models, targets }).call({ ask, headers: { "x-postern-region": value } });
    const wrong = { code: "invalid_request", detail: { header: "x-postern-region" } };
    expect(one.request()).toMatchObject(wrong);
    expect(refusalOf(() => one.next())).toMatchObject(wrong);
  });

  it("goes nowhere else when the host picks", async () => {
    const { call } = createScene({ models: { fast: alias("eu") }, targets });
    expect(call({ ask, headers: inEu }).next("us")).toBeUndefined();
    expect(call({ ask, headers: inEu }).next("some")).toBeUndefined();
    expect((await call({ ask, headers: inEu }).next("eu2"))?.name).toBe("eu2");
    expect((await call({ ask }).next("us"))?.name).toBe("us");
    // What another step or the engine itself brings in is not tried either.
    const one = call({ ask, headers: inEu });
    await expect(one.try(us, happened.answered)).rejects.toThrow("region");
    await one.try(eu, happened.answered);
  });

  it("is kept where it is also when observing", async () => {
    const one = createScene({ models, targets }).call({ ask, headers: inEu, mode: "observe" });
    expect(await one.through(...fails)).toEqual(["eu", "eu2"]);
  });

  it("with a key of the caller's own goes to a host of that region, or nowhere", async () => {
    const own = { key: undefined, ownKey: true };
    const bare = target("bare", { apiKey: undefined, region: "eu" });
    const scene = createScene({ models: { fast: alias("bare") }, targets: [bare] });
    expect((await scene.call({ ask, caller: own, headers: inEu }).next())?.name).toBe("bare");
    const other = scene.call({ caller: own, headers: inEu });
    expect(other.request()).toMatchObject({ code: "target_unfit", detail: { reason: "region" } });
    expect(other.next()).toBeUndefined();
    const keyed = createScene({ targets: [eu, us] });
    expect((await keyed.call({ caller: own, headers: inEu }).next("eu"))?.apiKey).toBeUndefined();
    expect(keyed.call({ caller: own, headers: inEu }).next("us")).toBeUndefined();
  });

  it("goes to the first target there where no alias is configured", async () => {
    const { call } = createScene({ targets });
    expect(await call({ headers: inEu }).through(...fails)).toEqual(["eu"]);
    expect(await call().through(...fails)).toEqual(["us"]);
  });

  it("is told of the models that are served there", () => {
    const list = (ids: readonly string[]) => ({ status: 200, headers: {}, body: Buffer.from(ids.join(" ")) });
    const { call } = createScene({ models: { fast: alias("us"), slow: alias("us", "eu") }, targets });
    const listed = (headers: Record<string, string>) => {
      const one = call({
        ask: { operation: "models", model: "" },
        headers,
        dialect: { provider: "openai", models: list },
      });
      const reply = one.hooks.head?.() as { readonly body: Uint8Array };
      return Buffer.from(reply.body).toString();
    };
    expect(listed({})).toBe("fast slow");
    expect(listed(inEu)).toBe("slow");
  });
});

describe("a call that is pinned and speaks another wire", () => {
  it("is refused for the wire first", () => {
    const { call } = createScene({ models, targets });
    expect(call({ ask, headers: inEu, dialect: anthropic }).request()).toMatchObject({ detail: { reason: "dialect" } });
  });
});
