import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, jsonSchema, streamText, tool } from "ai";
import { email, key, replay, start } from "./setup.mjs";

const prompt = `I am ${email}.`;
const answer = `You are ${email}, and you wrote: ${prompt}`;

describe("Vercel's ai", () => {
  let hosts;
  let models;
  before(async () => {
    hosts = { openai: await start("openai"), anthropic: await start("claude") };
    models = {
      openai: createOpenAI({ baseURL: `${hosts.openai.url}/v1`, apiKey: key }).chat("fast"),
      anthropic: createAnthropic({ baseURL: `${hosts.anthropic.url}/v1`, apiKey: key })("fast"),
    };
  });
  after(() => Promise.all(Object.values(hosts).map((host) => host.close())));

  for (const provider of ["openai", "anthropic"]) {
    it(`generates text through ${provider}`, async () => {
      const host = hosts[provider];
      host.answer(undefined);
      const { text } = await generateText({ model: models[provider], prompt });
      assert.equal(text, answer);
      assert.ok(!host.requests.at(-1).body.includes(email));
    });

    it(`streams text through ${provider}`, async () => {
      hosts[provider].answer(undefined);
      let text = "";
      for await (const piece of streamText({ model: models[provider], prompt }).textStream) text += piece;
      assert.equal(text, answer);
    });
  }

  it("calls tools with restored arguments", async () => {
    for (const [provider, path, name, pick] of [
      ["openai", "openai-chat/tools.sse", "send_mail", (input) => input.to],
      ["anthropic", "anthropic-messages/parallel-tools.sse", "get_customer", (input) => input.email],
    ]) {
      hosts[provider].answer(replay(path));
      const any = tool({ inputSchema: jsonSchema({ type: "object" }) });
      const tools = { send_mail: any, look_up: any, get_customer: any, get_weather: any };
      const result = streamText({ model: models[provider], prompt, tools });
      await result.consumeStream();
      const call = (await result.toolCalls).find(({ toolName }) => toolName === name);
      assert.equal(pick(call.input), email);
    }
  });
});
