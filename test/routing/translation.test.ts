import type { Reply } from "../../src/http.ts";
import { alias, anthropic, createScene, happened, openai, refusalOf, target } from "./scene.ts";

const claude = target("claude", { provider: "anthropic" });
const gpt = target("gpt");
const targets = [gpt, claude];
const models = { fast: alias("gpt", "claude"), deep: alias("claude") };
const ask = { model: "fast" };
const fails = [happened.unreachable, happened.unreachable, happened.unreachable];
const countTokens = { operation: "count_tokens", model: "fast" } as const;

describe("an alias over two providers", () => {
  it("is the caller's provider alone as long as nothing is translated", async () => {
    const { call } = createScene({ models, targets });
    expect(await call({ ask, dialect: openai }).through(...fails)).toEqual(["gpt"]);
    expect(await call({ ask, dialect: anthropic }).through(...fails)).toEqual(["claude"]);
    expect(call({ ask: { model: "deep" }, dialect: openai }).request()).toMatchObject({
      code: "target_unfit",
      detail: { reason: "dialect" },
    });
  });

  it("is tried whole, in its order, whatever the caller speaks, once calls are translated", async () => {
    const { call } = createScene({ models, targets, translates: true });
    for (const dialect of [openai, anthropic]) {
      expect(await call({ ask, dialect }).through(...fails)).toEqual(["gpt", "claude"]);
      expect(await call({ ask: { model: "deep" }, dialect }).through(...fails)).toEqual(["claude"]);
    }
  });

  it("serves what has no counterpart from the caller's provider alone", async () => {
    const { call } = createScene({ models, targets, translates: true });
    expect(await call({ ask: countTokens, dialect: anthropic }).through(...fails)).toEqual(["claude"]);
    const { call: other } = createScene({ models: { fast: alias("gpt") }, targets, translates: true });
    const one = other({ ask: countTokens, dialect: anthropic });
    expect(one.request()).toMatchObject({ code: "target_unfit", detail: { reason: "dialect" } });
    expect(one.next()).toBeUndefined();
    expect(one.next("gpt")).toBeUndefined();
  });

  it("is listed in every dialect that can ask for it", () => {
    const list = (ids: readonly string[]) => ({ status: 200, headers: {}, body: Buffer.from(ids.join(" ")) });
    const listed = (translates: boolean, dialect: object) => {
      const { call } = createScene({ models, targets, translates });
      const one = call({ ask: { operation: "models", model: "" }, dialect: { ...dialect, models: list } });
      const reply = one.hooks.head?.() as Reply;
      return Buffer.from(reply.body).toString();
    };
    expect(listed(true, openai)).toBe("fast deep");
    expect(listed(false, openai)).toBe("fast");
    expect(listed(false, anthropic)).toBe("fast deep");
  });
});

describe("a call that may be translated", () => {
  it("goes to another provider by an alias or the host's pick, not by the order of targets", async () => {
    const { call } = createScene({ targets: [claude], translates: true });
    expect(call({ dialect: openai }).request()).toMatchObject({ detail: { reason: "dialect" } });
    const { call: named } = createScene({ models: { fast: alias("gpt") }, targets, translates: true });
    expect((await named({ ask, dialect: openai }).next("claude"))?.name).toBe("claude");
  });

  it("never shows a caller's own key to another provider", async () => {
    const bare = target("claude", { provider: "anthropic", apiKey: undefined });
    const { call } = createScene({ models: { fast: alias("claude") }, targets: [bare], translates: true });
    const own = { key: undefined, ownKey: true };
    const one = call({ ask, caller: own, dialect: openai });
    expect(await one.through(...fails)).toEqual(["openai"]);
    expect(call({ ask, caller: own, dialect: openai }).next("claude")).toBeUndefined();
  });
});

describe("a target that refuses losses", () => {
  const vetoed = { ...happened.vetoed, reason: "losses", losses: ["top_k"] };

  it("is passed over for the call that would lose something, and stays first for the next", async () => {
    const { call } = createScene({ models, targets, translates: true, routing: { failures: 1 } });
    for (let round = 0; round < 5; round++)
      expect(await call({ ask }).through(vetoed, happened.answered)).toEqual(["gpt", "claude"]);
  });

  it("is the reason that the caller is told when no other target was there", async () => {
    const { call } = createScene({ models, targets, translates: true });
    const one = call({ ask });
    for (let round = 0; round < 2; round++) await one.try(await one.next(), vetoed);
    const unfit = { code: "target_unfit", status: 400, retryable: false };
    expect(refusalOf(() => one.next())).toMatchObject({ ...unfit, detail: { reason: "losses", losses: "top_k" } });
    const without = call({ ask });
    await without.try(await without.next(), { ...vetoed, losses: ["top_k", "seed"] });
    await without.try(await without.next(), { ...vetoed, reason: "untranslatable_choices", losses: [] });
    expect(refusalOf(() => without.next())).toMatchObject({
      ...unfit,
      detail: { reason: "losses untranslatable_choices", losses: "top_k seed" },
    });
  });

  it("names ten places at most", async () => {
    const { call } = createScene({ models: { fast: alias("claude") }, targets, translates: true });
    const one = call({ ask });
    const losses = Array.from({ length: 200 }, (_, index) => `messages[${index}]`);
    await one.try(await one.next(), { ...vetoed, losses });
    expect(refusalOf(() => one.next())?.detail.losses).toBe(losses.slice(0, 10).join(" "));
  });

  it.each([
    ["does not answer", happened.unreachable],
    ["is passed over for another reason", { ...happened.vetoed, reason: "maintenance" }],
  ])("says nothing about the call where another target %s", async (_, outcome) => {
    const { call } = createScene({ models, targets, translates: true });
    for (const outcomes of [[outcome, vetoed] as const, [vetoed, outcome] as const]) {
      const one = call({ ask });
      for (const each of outcomes) await one.try(await one.next(), each);
      expect(one.next()).toBeUndefined();
    }
  });

  it("says nothing about the call while another target cools down, and tells when that is over", async () => {
    const routing = { failures: 1, allCooling: "refuse" } as const;
    const { call } = createScene({ models, targets, translates: true, routing });
    await call({ ask }).through(happened.unreachable, happened.answered);
    const one = call({ ask });
    await one.try(await one.next(), vetoed);
    expect(refusalOf(() => one.next())).toMatchObject({
      code: "no_target",
      detail: { reason: "cooling" },
      retryAfter: expect.any(Number),
    });
  });
});

describe("a target whose wire cannot read the request", () => {
  const malformed = { ...happened.vetoed, reason: "untranslatable_request", losses: ["messages[0].content"] };

  it("is passed over for one that may", async () => {
    const { call } = createScene({ models, targets, translates: true });
    expect(await call({ ask }).through(malformed, happened.answered)).toEqual(["gpt", "claude"]);
  });

  it("makes the request an invalid one where there is no other", async () => {
    const { call } = createScene({ models, targets, translates: true });
    const one = call({ ask });
    for (let round = 0; round < 2; round++) await one.try(await one.next(), malformed);
    const invalid = { code: "invalid_request", detail: { param: "messages[0].content" } };
    expect(refusalOf(() => one.next())).toMatchObject(invalid);
  });
});

describe("a target with a secret header", () => {
  const guarded = target("gate", { apiKey: undefined, guarded: true, headers: { "x-gate": "operator" } });
  const own = { key: undefined, ownKey: true };

  it("is reached by virtual keys alone", async () => {
    const { call } = createScene({ models: { fast: alias("gate") }, targets: [guarded] });
    expect((await call({ ask }).next())?.name).toBe("gate");
    expect((await call({ ask, caller: own }).next())?.name).toBe("openai");
    const picked = await call({ caller: own }).next("gate");
    expect(picked).toMatchObject({ baseUrl: "https://gate.example/v1", headers: {} });
    await expect(call({ caller: own }).try(guarded, happened.answered)).rejects.toThrow("credential");
  });
});
