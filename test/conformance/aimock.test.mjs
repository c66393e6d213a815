import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { LLMock } from "@copilotkit/aimock";
import OpenAI from "openai";
import { email, key, start } from "./setup.mjs";

describe("a third party's provider behind Postern", () => {
  const mock = new LLMock({ port: 0 });
  let host;
  before(async () => {
    // It matches what the provider sees: a placeholder.
    mock.onMessage("I am [EMAIL_1]", { content: "Hello [EMAIL_1], hello." });
    await mock.start();
    host = await start({ upstream: `${mock.url}/v1` });
  });
  after(async () => {
    await host.close();
    await mock.stop();
  });

  it("answers the openai client, whole and streamed", async () => {
    const client = new OpenAI({ baseURL: `${host.url}/v1`, apiKey: key });
    const ask = { model: "fast", messages: [{ role: "user", content: `I am ${email}` }] };
    assert.equal((await client.chat.completions.create(ask)).choices[0].message.content, `Hello ${email}, hello.`);
    assert.equal(await client.chat.completions.stream(ask).finalContent(), `Hello ${email}, hello.`);
  });

  it("answers the Anthropic client, whole and streamed", async () => {
    const client = new Anthropic({ baseURL: host.url, apiKey: key });
    const ask = { model: "fast", max_tokens: 100, messages: [{ role: "user", content: `I am ${email}` }] };
    assert.equal((await client.messages.create(ask)).content[0].text, `Hello ${email}, hello.`);
    assert.equal(await client.messages.stream(ask).finalText(), `Hello ${email}, hello.`);
  });
});
