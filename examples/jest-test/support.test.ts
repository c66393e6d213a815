// Your own tests, with the engine that runs in production and providers that you script. No network, no keys.
import OpenAI from "openai";
import { createTestGateway, fails, inTurn, says, type TestGateway } from "../../adapters/testing.ts"; // "postern/testing"
import { hashKey } from "../../src/index.ts"; // "postern"
import { reply } from "./support.ts";

const key = "psk_test";
const openaiTarget = { provider: "openai" as const, apiKey: "sk-never-sent-anywhere" };
/** In your own project: what the production config says, from `loadConfig("postern.yaml")`. */
const config = {
  targets: { first: openaiTarget, second: { ...openaiTarget, baseUrl: "https://eu.api.openai.com/v1" } },
  models: {
    fast: {
      targets: [
        { target: "first", model: "gpt-5-mini" },
        { target: "second", model: "gpt-5-mini" },
      ],
    },
  },
  access: { keys: [{ id: "support", hash: hashKey(key), team: "support", allow: ["feature" as const] }] },
  budgets: [{ scope: { team: "support" }, limit: "$1" }],
};

let test: TestGateway;
let openai: OpenAI;
beforeEach(() => {
  test = createTestGateway(config);
  openai = new OpenAI({ apiKey: key, fetch: test.fetch, maxRetries: 0 });
});
afterEach(() => test.close());

it("does not tell the provider who asks, and tells the customer all the same", async () => {
  test.answer(says("I wrote to [EMAIL_1]."));
  expect(await reply(openai, "I am maria.lopez@example.com.")).toBe("I wrote to maria.lopez@example.com.");
  expect(test.requests[0]?.body).not.toContain("maria");
});

it("says what its calls are for", async () => {
  await reply(openai, "Hello.", "returns");
  expect(test.receipts[0]).toMatchObject({ attributes: { feature: "returns" }, outcome: "answered" });
  expect(test.receipts[0]?.cost).toBeGreaterThan(0n);
});

it("is answered by the second target where the first is down", async () => {
  test.answer(inTurn(fails(503), says("Hello.")));
  expect(await reply(openai, "Hello?")).toBe("Hello.");
  expect(test.receipts[0]?.attempts.map(({ target, result }) => [target, result])).toEqual([
    ["first", "rejected"],
    ["second", "answered"],
  ]);
});

it("fails before anything is sent where a question holds a secret", async () => {
  // Put together, so that no scanner of this repository takes it for a real one.
  const token = `ghp_${"x7Kq2mW9".repeat(4)}Zt4B`;
  await expect(reply(openai, `It says ${token}.`)).rejects.toMatchObject({ status: 400, code: "secret_blocked" });
  expect(test.requests).toHaveLength(0);
});
