import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import OpenAI from "openai";
import { body, email, fixture, key, replay, start } from "./setup.mjs";

const messages = [{ role: "user", content: `I am ${email}.` }];
const answer = `You are ${email}, and you wrote: I am ${email}.`;

describe("the official openai client", () => {
  let host;
  let client;
  before(async () => {
    host = await start("openai");
    client = new OpenAI({ baseURL: `${host.url}/v1`, apiKey: key });
  });
  after(() => host.close());

  it("gets a whole answer with the hidden values restored, and the provider never saw them", async () => {
    host.answer(undefined);
    const completion = await client.chat.completions.create({ model: "fast", messages });
    assert.equal(completion.choices[0].message.content, answer);
    assert.match(host.requests.at(-1).body, /\[EMAIL_1\]/);
    assert.ok(!host.requests.at(-1).body.includes(email));
    assert.equal(host.requests.at(-1).headers.authorization, "Bearer sk-test");
    assert.ok(completion.usage.total_tokens > 0);
  });

  it("rebuilds a streamed answer with its own accumulator", async () => {
    host.answer(undefined);
    const stream = client.chat.completions.stream({ model: "fast", messages });
    const completion = await stream.finalChatCompletion();
    assert.equal(completion.choices[0].message.content, answer);
    assert.equal(completion.choices[0].finish_reason, "stop");
  });

  it("sees no usage chunk that it did not ask for, and sees it when it asked", async () => {
    host.answer(undefined);
    const usages = async (options) => {
      const stream = await client.chat.completions.create({ model: "fast", messages, stream: true, ...options });
      const seen = [];
      for await (const chunk of stream) if (chunk.usage) seen.push(chunk.usage);
      return seen;
    };
    assert.equal((await usages({})).length, 0);
    assert.match(host.requests.at(-1).body, /"include_usage":true/);
    assert.equal((await usages({ stream_options: { include_usage: true } })).length, 1);
  });

  it("rebuilds parallel tool calls whose arguments were restored", async () => {
    const tools = ["send_mail", "look_up"].map((name) => ({
      type: "function",
      function: { name, parameters: { type: "object" } },
    }));
    for (const [recorded, run] of [
      [
        replay("openai-chat/tools.sse"),
        () => client.chat.completions.stream({ model: "fast", messages, tools }).finalChatCompletion(),
      ],
      [body("openai-chat/tools.json"), () => client.chat.completions.create({ model: "fast", messages, tools })],
    ]) {
      host.answer(recorded);
      const completion = await run();
      const calls = completion.choices[0].message.tool_calls;
      assert.equal(calls.length, 2);
      assert.equal(JSON.parse(calls[0].function.arguments).to, email);
      assert.equal(typeof JSON.parse(calls[1].function.arguments), "object");
    }
  });

  it("rebuilds several choices, each with its own text", async () => {
    // Three choices, interleaved, each with a placeholder cut between its chunks.
    const chunk = (index, delta, finish_reason = null) =>
      `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index, delta, finish_reason }] })}\n\n`;
    const indexes = [0, 1, 2];
    const wire = [
      ...indexes.map((index) => chunk(index, { role: "assistant", content: `${index}: [EM` })),
      ...indexes.map((index) => chunk(index, { content: "AIL_1" })),
      ...indexes.map((index) => chunk(index, { content: `], ${index}` })),
      ...indexes.map((index) => chunk(index, {}, "stop")),
      "data: [DONE]\n\n",
    ];
    host.answer({ type: "text/event-stream", bytes: Buffer.from(wire.join("")), size: 11 });
    const completion = await client.chat.completions.stream({ model: "fast", messages, n: 3 }).finalChatCompletion();
    assert.deepEqual(
      completion.choices.map(({ message }) => message.content),
      indexes.map((index) => `${index}: ${email}, ${index}`),
    );
  });

  it("throws its typed errors for refusals, and does not retry them", async () => {
    const unknown = new OpenAI({ baseURL: `${host.url}/v1`, apiKey: "psk_nobody" });
    await assert.rejects(unknown.chat.completions.create({ model: "fast", messages }), OpenAI.AuthenticationError);
    await assert.rejects(client.chat.completions.create({ model: "gpt-unknown", messages }), OpenAI.NotFoundError);
    const poor = new OpenAI({ baseURL: `${host.url}/v1`, apiKey: "psk_poor" });
    const before = host.calls;
    await assert.rejects(poor.chat.completions.create({ model: "fast", messages }), (error) => {
      assert.equal(error.status, 402);
      assert.equal(error.code, "budget_exceeded");
      return true;
    });
    assert.equal(host.calls, before + 1);
  });

  it("throws when a committed stream breaks, with a stable code", async () => {
    const recorded = fixture("openai-chat/plain.sse");
    host.answer({
      type: "text/event-stream",
      bytes: recorded.subarray(0, recorded.length / 2),
      size: 99,
      breaks: true,
    });
    const stream = await client.chat.completions.create({ model: "fast", messages, stream: true });
    let text = "";
    await assert.rejects(
      async () => {
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
      },
      (error) => error instanceof OpenAI.APIError && error.code === "upstream_broken",
    );
    assert.notEqual(text, "");
  });

  it("lists the models that its key may use", async () => {
    const models = [];
    for await (const model of client.models.list()) models.push(model.id);
    assert.deepEqual(models.sort(), ["dear", "fast"]);
    assert.equal((await client.models.retrieve("fast")).id, "fast");
  });
});
