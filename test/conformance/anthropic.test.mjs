import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { email, key, replay, start } from "./setup.mjs";

const messages = [{ role: "user", content: `I am ${email}.` }];
const answer = `You are ${email}, and you wrote: I am ${email}.`;
const ask = { model: "fast", max_tokens: 500, messages };

for (const version of ["2026-10-21", "2023-06-01"]) {
  describe(`the official Anthropic client, wire version ${version}`, () => {
    let host;
    let client;
    before(async () => {
      host = await start("claude");
      client = new Anthropic({ baseURL: host.url, apiKey: key, defaultHeaders: { "anthropic-version": version } });
    });
    after(() => host.close());

    it("gets a whole answer with the hidden values restored, and the provider never saw them", async () => {
      host.answer(undefined);
      const message = await client.messages.create(ask);
      assert.equal(message.content[0].text, answer);
      const { body, headers } = host.requests.at(-1);
      assert.match(body, /\[EMAIL_1\]/);
      assert.ok(!body.includes(email));
      assert.equal(headers["anthropic-version"], version);
      const credential = version === "2023-06-01" ? headers["x-api-key"] : headers.authorization;
      assert.equal(credential?.replace("Bearer ", ""), "sk-ant-test");
    });

    it("rebuilds a streamed answer with its own accumulator", async () => {
      host.answer(undefined);
      const message = await client.messages.stream(ask).finalMessage();
      assert.equal(message.content[0].text, answer);
      assert.equal(message.stop_reason, "end_turn");
    });

    it("rebuilds parallel tool calls whose arguments were restored", async () => {
      host.answer(replay("anthropic-messages/parallel-tools.sse"));
      const tools = ["get_customer", "get_weather"].map((name) => ({ name, input_schema: { type: "object" } }));
      const message = await client.messages.stream({ ...ask, tools }).finalMessage();
      const [customer, weather] = message.content.filter(({ type }) => type === "tool_use");
      assert.deepEqual(customer.input, { email, note: 'a "b" é' });
      assert.deepEqual(weather.input, { city: "Paris" });
    });

    it("keeps signed thinking as it is", async () => {
      host.answer(replay("anthropic-messages/thinking.sse"));
      const message = await client.messages
        .stream({ ...ask, max_tokens: 4_000, thinking: { type: "enabled", budget_tokens: 1_024 } })
        .finalMessage();
      const thinking = message.content.find(({ type }) => type === "thinking");
      assert.ok(thinking.signature.length > 0);
      assert.ok(!thinking.thinking.includes(email));
    });

    it("counts tokens of the redacted request, free of charge", async () => {
      host.answer(undefined);
      const { input_tokens } = await client.messages.countTokens({ model: "fast", messages });
      assert.equal(input_tokens, 14);
      assert.match(host.requests.at(-1).body, /\[EMAIL_1\]/);
      const [record] = await host.gateway.records(1);
      assert.equal(record.receipt.cost, 0n);
    });

    it("throws its typed errors for refusals, and does not retry them", async () => {
      const unknown = new Anthropic({ baseURL: host.url, apiKey: "psk_nobody" });
      await assert.rejects(unknown.messages.create(ask), Anthropic.AuthenticationError);
      await assert.rejects(client.messages.create({ ...ask, model: "claude-unknown" }), Anthropic.NotFoundError);
      const poor = new Anthropic({ baseURL: host.url, apiKey: "psk_poor" });
      const before = host.calls;
      await assert.rejects(poor.messages.create(ask), (error) => error.status === 402);
      assert.equal(host.calls, before + 1);
    });

    it("throws when a committed stream breaks", async () => {
      host.answer({ ...replay("anthropic-messages/error-after-content.sse") });
      await assert.rejects(client.messages.stream(ask).finalMessage(), Anthropic.APIError);
    });

    it("lists the models that its key may use, in Anthropic's shape", async () => {
      const models = [];
      for await (const model of client.models.list()) models.push(model.id);
      assert.deepEqual(models.sort(), ["dear", "fast"]);
    });
  });
}
