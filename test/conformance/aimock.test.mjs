import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { LLMock } from "@copilotkit/aimock";
import OpenAI from "openai";
import { email, key, start } from "./setup.mjs";

describe("a third party's provider behind Postern", () => {
  const mock = new LLMock({ port: 0 });
  let hosts;
  before(async () => {
    // It matches what the provider sees: a placeholder.
    mock.onMessage("I am [EMAIL_1]", { content: "Hello [EMAIL_1], hello." });
    await mock.start();
    const upstream = `${mock.url}/v1`;
    hosts = { openai: await start("openai", { upstream }), anthropic: await start("claude", { upstream }) };
  });
  after(async () => {
    await Promise.all(Object.values(hosts).map((host) => host.close()));
    await mock.stop();
  });

  it("answers the openai client, whole and streamed", async () => {
    const client = new OpenAI({ baseURL: `${hosts.openai.url}/v1`, apiKey: key });
    const ask = { model: "fast", messages: [{ role: "user", content: `I am ${email}` }] };
    assert.equal((await client.chat.completions.create(ask)).choices[0].message.content, `Hello ${email}, hello.`);
    assert.equal(await client.chat.completions.stream(ask).finalContent(), `Hello ${email}, hello.`);
  });

  it("answers the Anthropic client, whole and streamed", async () => {
    const client = new Anthropic({ baseURL: hosts.anthropic.url, apiKey: key });
    const ask = { model: "fast", max_tokens: 100, messages: [{ role: "user", content: `I am ${email}` }] };
    assert.equal((await client.messages.create(ask)).content[0].text, `Hello ${email}, hello.`);
    assert.equal(await client.messages.stream(ask).finalText(), `Hello ${email}, hello.`);
  });
});
