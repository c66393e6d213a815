import { facts } from "../../src/facts.ts";
import { alias, createScene, happened, refusalOf, target } from "./scene.ts";

const targets = [target("openai"), target("b", { headers: { "x-team": "operator" } })];
const models = { fast: alias("openai", "b") };

/** A call of somebody whom access did not let in, as a host that only taps still brings it here. */
const unknown = (mode: "observe" | "enforce", ask: object = {}) => {
  const one = createScene({ models, targets }).call({ mode, ask });
  const { facts: known } = one.context;
  Object.assign(one.context, {
    facts: { ...known, get: (key: unknown) => (key === facts.caller ? undefined : known.get(key as never)) },
  });
  return one;
};

describe("a call of an unknown caller", () => {
  it("goes nowhere when enforcing", () => {
    const one = unknown("enforce");
    expect(one.request()).toMatchObject({ code: "missing_key" });
    expect(refusalOf(() => one.next())).toMatchObject({ code: "missing_key" });
  });

  it.each([{}, { model: "fast" }])("is followed to its end when observing, so that it is metered (%j)", async (ask) => {
    const one = unknown("observe", ask);
    expect(one.request()).toBeUndefined();
    const next = await one.next();
    expect(next).toMatchObject({ name: "openai", apiKey: undefined, baseUrl: "https://api.openai.com/v1" });
    await one.try(next, happened.answered);
    expect(await one.next()).toBeUndefined();
  });

  it("is followed to the target that the host picked, with nothing of the operator's", async () => {
    const one = unknown("observe");
    const next = await one.next("b");
    expect(next).toMatchObject({ name: "b", apiKey: undefined, headers: {} });
    await one.try(next, happened.answered);
  });

  it("says nothing about the target to others", async () => {
    const scene = createScene({ models, targets, routing: { failures: 1 } });
    const one = scene.call({ mode: "observe" });
    Object.assign(one.context, { facts: { get: () => undefined, set() {} } });
    await one.through(happened.unreachable);
    expect((await scene.call({ ask: { model: "fast" } }).next())?.name).toBe("openai");
  });
});

describe("a call that is only observed", () => {
  it("goes on where it would have been refused", async () => {
    const { call } = createScene({ models, targets });
    const one = call({ mode: "observe", ask: { model: "gpt-5-mini" } });
    expect(one.request()).toMatchObject({ code: "model_not_found" });
    expect((await one.next())?.name).toBe("openai");
    const forbidden = call({ mode: "observe", ask: { model: "fast" }, caller: { models: [] } });
    expect(forbidden.request()).toMatchObject({ code: "model_not_found" });
    expect(await forbidden.through(happened.unreachable, happened.answered)).toEqual(["openai", "b"]);
  });
});
