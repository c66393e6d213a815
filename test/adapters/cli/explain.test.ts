import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createKey } from "../../../src/index.ts";
import { buildProgram, type Program } from "./program.ts";

const web = createKey();
const old = createKey();
const config = `
targets:
  one: { provider: openai, baseUrl: http://127.0.0.1:1/v1, apiKey: env:ONE, region: eu }
  two: { provider: anthropic, baseUrl: http://127.0.0.1:1/v1, apiKey: env:ONE, losses: refuse }
models:
  fast: { targets: [{ target: one, model: small }, { target: two, model: other }] }
  slow: { targets: [{ target: one, model: small }] }
  odd: { targets: [{ target: two, model: other }] }
prices:
  small: { input: $2, output: $8 }
redaction: { pii: { phone: "off" } }
budgets:
  - { scope: { team: search }, limit: $5, window: day }
  - { scope: { team: sales }, limit: $7 }
access:
  keys:
    - { id: web, hash: "${web.hash}", team: search, models: [fast, odd, gone], maxOutputTokens: 900, requestsPerMinute: 30, require: [feature] }
    - { id: old, hash: "${old.hash}", expires: "2020-01-01T00:00:00Z" }
`;

let program: Program;
let file = "";
beforeAll(() => {
  program = buildProgram();
  file = join(program.folder, "postern.yaml");
  writeFileSync(file, config);
  writeFileSync(join(program.folder, "observe.yaml"), `mode: observe\n${config}`);
});
afterAll(() => program.remove());

async function says(...words: string[]) {
  const started = program.start(["check", ...words], { ONE: "sk-operator" });
  const code = await started.ended;
  for (const secret of [web.key, old.key, "sk-operator"]) expect(started.out() + started.error()).not.toContain(secret);
  return { code, out: started.out(), error: started.error() };
}

describe("check explains a call", () => {
  it("that would be served: caller, targets in order, redaction, budgets", async () => {
    const { code, out } = await says(file, "--model", "fast", "--key", web.key);
    expect(code).toBe(0);
    for (const line of [
      /^call +would be served$/m,
      /^key +web$/m,
      /^team +search$/m,
      /^models +fast, odd, gone$/m,
      /^output tokens +900 at most$/m,
      /^requests +30 per minute$/m,
      /^requires +feature$/m,
      /^model +fast, granted$/m,
      /^redaction +email mask, phone off, .*secrets block$/m,
      /^1 +one +openai +small +eu +no +name +\$2\.000000 \/ \$8\.000000$/m,
      /^2 +two +anthropic +other +- +yes +refuse +unpriced$/m,
      /^team=search per day +\$5\.000000 +\d{4}-\d\d-\d\dT00:00:00\.000Z$/m,
    ])
      expect(out).toMatch(line);
    expect(out).not.toContain("sales");
    expect(out.split("\n").length).toBeLessThan(25);
  });

  it("as JSON, by the key's id, and in the other dialect", async () => {
    const { code, out } = await says(file, "--model", "fast", "--key-id", "web", "--dialect", "anthropic", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      valid: true,
      explanation: {
        served: true,
        mode: "enforce",
        granted: true,
        caller: { key: "web", attributes: { team: "search" }, requires: ["feature"], requestsPerMinute: 30 },
        targets: [
          { target: "one", model: "small", translated: true, price: { input: "$2.000000", output: "$8.000000" } },
          { target: "two", model: "other", translated: false, losses: "refuse" },
        ],
        redaction: { phone: "off", email: "mask", secrets: "block" },
        budgets: [{ name: "team=search per day", limit: "$5.000000" }],
      },
    });
  });

  it.each([
    ["an unknown key", ["--model", "fast", "--key", createKey().key], "unknown_key"],
    ["an unknown id", ["--model", "fast", "--key-id", "nobody"], "unknown_key"],
    ["an expired key", ["--model", "fast", "--key", old.key], "unknown_key (reason: expired)"],
    ["no key", ["--model", "fast"], "missing_key"],
    ["a model that is not granted", ["--model", "slow", "--key", web.key], "model_not_found"],
    ["a model that there is not", ["--model", "gone", "--key", web.key], "model_not_found"],
    ["no price under a budget", ["--model", "odd", "--key", web.key], "unpriced_model"],
  ])("that would be refused: %s", async (_what, words, why) => {
    const { code, out } = await says(file, ...words);
    expect([code, out]).toEqual([1, expect.stringContaining(`would be refused: ${why}`)]);
  });

  it("tells a model that is not granted from one that there is not", async () => {
    expect((await says(file, "--model", "slow", "--key", web.key)).out).toMatch(/^model +slow, not granted$/m);
    expect((await says(file, "--model", "gone", "--key", web.key)).out).toMatch(/^model +gone, granted$/m);
  });

  it("that only observing lets pass, but never without a key", async () => {
    const observing = await says("observe.yaml", "--model", "odd", "--key-id", "web");
    expect([observing.code, observing.out]).toEqual([0, expect.stringContaining("else refused: unpriced_model")]);
    expect(await says("observe.yaml", "--model", "odd")).toMatchObject({ code: 1 });
  });

  it.each([
    ["a key without a model", ["--key-id", "web"]],
    ["two callers", ["--model", "fast", "--key-id", "web", "--key", "x"]],
    ["another dialect", ["--model", "fast", "--dialect", "latin"]],
  ])("wrong words: %s", async (_what, words) => {
    expect(await says(file, ...words)).toMatchObject({ code: 2, out: "" });
  });
});
