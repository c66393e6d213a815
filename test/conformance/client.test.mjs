import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, it } from "node:test";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, streamText } from "ai";
import { clientOptions } from "../../dist/adapters/client.js";
import { createTestGateway } from "../../dist/adapters/testing.js";
import { silent } from "../../dist/src/index.js";
import { email, key, listen, start } from "./setup.mjs";

const prompt = `I am ${email}.`;
const answer = `You are ${email}, and you wrote: ${prompt}`;
const providerKey = "sk-own";

/** An address that was a server's a moment ago. */
async function deserted() {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

async function streamed(model) {
  let text = "";
  for await (const piece of streamText({ model, prompt }).textStream) text += piece;
  return text;
}

/** By SDK: how a model is made of what it takes, and who answers at first. */
const sdks = [
  ["ai", (options) => createOpenAI(options).chat("fast"), "openai", "authorization"],
  ["ai-anthropic", (options) => createAnthropic(options)("fast"), "claude", "x-api-key"],
];

for (const [sdk, modelOf, first, place] of sdks) {
  describe(`clientOptions("${sdk}")`, () => {
    let host;
    before(async () => {
      host = await start(first);
    });
    after(() => host.close());

    it("goes through the gateway, whole and streamed", async () => {
      const model = modelOf(clientOptions(sdk, { url: host.url, key }));
      assert.equal((await generateText({ model, prompt })).text, answer);
      assert.equal(await streamed(model), answer);
      assert.equal(host.requests.length, 2);
      for (const { body } of host.requests) assert.ok(!body.includes(email));
    });

    it("calls the provider itself where no gateway answers", async () => {
      const target = { targets: [{ target: first, model: "served" }] };
      const targets = { openai: { provider: "openai" }, claude: { provider: "anthropic" } };
      const test = createTestGateway({ targets, models: { fast: target } });
      const own = { providerKey, fallback: "direct", gateway: test.gateway, log: silent };
      const model = modelOf(clientOptions(sdk, { url: await deserted(), key, ...own }));
      assert.equal((await generateText({ model, prompt })).text, prompt);
      assert.equal(await streamed(model), prompt);
      assert.equal(test.requests.length, 2);
      for (const { body, headers } of test.requests) {
        assert.ok(!body.includes(email));
        assert.ok(!JSON.stringify(headers).includes(key));
        assert.ok(headers[place].endsWith(providerKey));
      }
      await test.close();
    });
  });
}
