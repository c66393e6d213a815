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
      code: "no_target",
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
    expect(one.request()).toMatchObject({ code: "no_target", detail: { reason: "dialect" } });
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
  const vetoed = { ...happened.vetoed, reason: "losses" };

  it("is passed over for the call that would lose something, and stays first for the next", async () => {
    const { call } = createScene({ models, targets, translates: true, routing: { failures: 1 } });
    for (let round = 0; round < 5; round++)
      expect(await call({ ask }).through(vetoed, happened.answered)).toEqual(["gpt", "claude"]);
  });

  it("is the reason that the caller is told when no other target was there", async () => {
    const { call } = createScene({ models, targets, translates: true });
    const one = call({ ask });
    for (let round = 0; round < 2; round++) await one.try(await one.next(), vetoed);
    expect(refusalOf(() => one.next())).toMatchObject({ code: "no_target", detail: { reason: "losses" } });
    const without = call({ ask });
    for (const reason of ["losses", "untranslatable_choices"])
      await without.try(await without.next(), { ...vetoed, reason });
    expect(refusalOf(() => without.next())?.detail).toEqual({ reason: "untranslatable_choices" });
    const other = call({ ask });
    await other.try(await other.next(), happened.unreachable);
    await other.try(await other.next(), vetoed);
    expect(other.next()).toBeUndefined();
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
