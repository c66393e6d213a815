import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { clientOptions } from "../../../adapters/client.ts";
import { providerUrls } from "../../../src/index.ts";
import { environment, gatewayKey, ownKey, type Scene, startScene } from "./scene.ts";

const email = "maria.lopez@example.com";
const messages = [{ role: "user" as const, content: `I am ${email}` }];
const masked = "I am [EMAIL_1]";

let scene: Scene;
const before = { ...process.env };
beforeEach(async () => {
  scene = await startScene();
  // The providers' own keys stand in many an environment; a gateway gets neither.
  environment({
    POSTERN_URL: scene.url,
    POSTERN_KEY: gatewayKey,
    OPENAI_API_KEY: ownKey,
    ANTHROPIC_AUTH_TOKEN: ownKey,
  });
});
afterEach(() => scene.close());
afterAll(() => {
  process.env = before;
});

const streamed = async (client: OpenAI, model = "fast"): Promise<string> => {
  let text = "";
  for await (const { choices } of await client.chat.completions.create({ model, messages, stream: true }))
    text += choices[0]?.delta.content ?? "";
  return text;
};

describe("clientOptions for openai", () => {
  it("reads the gateway's address and key: whole and streamed calls go through it", async () => {
    const client = new OpenAI(clientOptions());
    const answer = await client.chat.completions.create({ model: "fast", messages });
    expect(answer.choices[0]?.message.content).toBe(`I am ${email}`);
    expect(await streamed(client)).toBe(`I am ${email}`);
    expect(scene.provider.requests.map(({ headers }) => headers.authorization)).toEqual(
      Array(2).fill("Bearer sk-operator"),
    );
    for (const { body } of scene.provider.requests) expect(body).toContain(masked);
    expect(scene.receipts.map(({ key }) => key)).toEqual(["web", "web"]);
  });

  it("says what a call is for, once for all calls and for each", async () => {
    const client = new OpenAI(clientOptions("openai", { feature: "search", customer: undefined }));
    await client.chat.completions.create({ model: "fast", messages }, { headers: { "x-postern-customer": "acme" } });
    expect(scene.receipts[0]?.attributes).toEqual({ team: "search", feature: "search", customer: "acme" });
  });

  it.each(["/", "/v1", "/v1/"])("takes an address that ends in %s", async (end) => {
    expect(clientOptions("openai", { url: scene.url + end }).baseURL).toBe(`${scene.url}/v1`);
  });

  it("keeps a mount point", () => {
    expect(clientOptions("openai", { url: "https://gate.test/ai" }).baseURL).toBe("https://gate.test/ai/v1");
    expect(clientOptions("anthropic", { url: "https://gate.test/ai/v1" }).baseURL).toBe("https://gate.test/ai");
    expect(clientOptions("openai", { url: "https://gate.test/ai//" }).baseURL).toBe("https://gate.test/ai/v1");
    expect(clientOptions("anthropic", { url: "https://gate.test//v1//" }).baseURL).toBe("https://gate.test");
  });
});

describe("clientOptions for anthropic", () => {
  it("goes through the gateway, whole and streamed, with the gateway's key alone", async () => {
    const client = new Anthropic(clientOptions("anthropic"));
    const ask = { model: "claude", max_tokens: 99, messages };
    const answer = await client.messages.create(ask);
    expect(answer.content).toMatchObject([{ text: `I am ${email}` }]);
    expect(await client.messages.stream(ask).finalText()).toBe(`I am ${email}`);
    expect(scene.receipts.map(({ key, status }) => [key, status])).toEqual(Array(2).fill(["web", 200]));
    for (const { body, headers } of scene.provider.requests) {
      expect(body).toContain(masked);
      expect(JSON.stringify(headers)).not.toMatch(`${ownKey}|${gatewayKey}`);
    }
  });
});

describe("clientOptions for ai", () => {
  it("gives its providers what they take", () => {
    const expected = { baseURL: `${scene.url}/v1`, apiKey: gatewayKey, headers: { "x-postern-team": "search" } };
    expect(clientOptions("ai", { team: "search" })).toEqual(expected);
    expect(clientOptions("ai-anthropic", { team: "search" })).toEqual(expected);
  });
});

describe("clientOptions says what is missing", () => {
  const hidden = "sk-secret\u00e9";
  it.each([
    ["no address", () => clientOptions("openai", { url: "" }), "set POSTERN_URL"],
    ["no key", () => clientOptions("openai", { url: scene.url, key: "" }), "set POSTERN_KEY"],
    ["something that is no address", () => clientOptions("openai", { url: hidden }), "http or https URL"],
    ["another scheme", () => clientOptions("openai", { url: `ftp://${hidden}/` }), "http or https URL"],
    [
      "a password in it",
      () => clientOptions("openai", { url: `http://me:${hidden}@gate.test` }),
      "without credentials",
    ],
    ["a key in its query", () => clientOptions("openai", { url: `http://gate.test?key=${hidden}` }), "without a query"],
    ["a key that no header takes", () => clientOptions("openai", { url: scene.url, key: hidden }), "no header takes"],
    ["a provider's key that no header takes", () => direct("openai", hidden), "no header takes"],
    ["no key of OpenAI's", () => direct("openai", ""), "set OPENAI_API_KEY, or pass"],
    ["no key of Anthropic's", () => direct("anthropic", ""), "set ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN"],
  ])("%s", (_what, make, message) => {
    environment({});
    expect(make).toThrow(message);
    expect(make).not.toThrow("secret");
  });

  const direct = (sdk: "openai" | "anthropic", providerKey: string) =>
    clientOptions(sdk as "openai", { route: "direct", providerKey });

  it("a fallback without the provider's key, before it is needed", () => {
    environment({ POSTERN_URL: scene.url, POSTERN_KEY: gatewayKey });
    expect(() => clientOptions("openai", { fallback: "direct" })).toThrow("set OPENAI_API_KEY");
  });
});

describe('route: "direct"', () => {
  it("is at the providers' own addresses", () => {
    expect(clientOptions("openai", { route: "direct" }).baseURL).toBe(providerUrls.openai);
    expect(`${clientOptions("anthropic", { route: "direct" }).baseURL}/v1`).toBe(providerUrls.anthropic);
  });

  it("calls the provider with its own key from this process: redacted, metered and recorded in it", async () => {
    environment({ OPENAI_API_KEY: ownKey });
    const { gateway } = scene;
    const client = new OpenAI(clientOptions("openai", { route: "direct", gateway, customer: "acme" }));
    const answer = await client.chat.completions.create({ model: "gpt-5-mini", messages });
    expect(answer.choices[0]?.message.content).toBe(`I am ${email}`);
    expect(await streamed(client, "gpt-5-mini")).toBe(`I am ${email}`);
    expect(scene.own.requests.map(({ headers }) => headers.authorization)).toEqual(Array(2).fill(`Bearer ${ownKey}`));
    for (const { body, headers } of scene.own.requests) {
      expect(body).toContain(masked);
      expect(headers["x-postern-customer"]).toBeUndefined();
    }
    const records = await gateway.records();
    expect(records.map(({ receipt }) => [receipt.outcome, receipt.attributes, receipt.cost > 0n])).toEqual(
      Array(2).fill(["answered", { customer: "acme" }, true]),
    );
    expect(scene.provider.requests).toEqual([]);
  });

  it("sends Anthropic's token as a bearer token", async () => {
    environment({ ANTHROPIC_AUTH_TOKEN: ownKey });
    const client = new Anthropic(clientOptions("anthropic", { route: "direct", gateway: scene.gateway }));
    await client.messages.create({ model: "claude-haiku-4-5", max_tokens: 99, messages });
    const headers = scene.own.requests[0]?.headers;
    expect([headers?.authorization, headers?.["x-api-key"]]).toEqual([`Bearer ${ownKey}`, undefined]);
  });

  it("refuses in the SDK's own words", async () => {
    environment({ OPENAI_API_KEY: ownKey });
    const client = new OpenAI(clientOptions("openai", { route: "direct", gateway: scene.gateway }));
    const token = `ghp_${"x7Kq2mW9".repeat(4)}Zt4B`;
    const ask = client.chat.completions.create({ model: "m", messages: [{ role: "user", content: token }] });
    await expect(ask).rejects.toMatchObject({ status: 400, code: "secret_blocked" });
    expect(scene.own.requests).toEqual([]);
  });
});
