import { noUsage, type Usage, type WireEvent } from "../../src/dialects/dialect.ts";
import { openaiChat } from "../../src/dialects/openai-chat.ts";
import { wholeEvent } from "../../src/engine/event.ts";
import { chunk, fixture, stream } from "./openai-chat-events.ts";

describe("the tokens that flow", () => {
  it.each<[string, number]>([
    ["usage.sse", "Yes.".length + 1],
    ["reasoning.sse", "The user [EMAIL_1] asks.It is fine.".length + 1],
    ["logprobs.sse", "[EMAIL_1]".length + 1],
    ["plain.sse", Buffer.byteLength("Hello, [EMAIL_1]. Grüße 👋!") + 1],
    ["azure.sse", "Yes.".length + 1],
    ["error-first.sse", 0],
  ])("are at most the bytes of the text and one for the end: %s", (name, expected) => {
    expect(stream(name).reduce((sum, event) => sum + openaiChat.flowed(event), 0)).toBe(expected);
  });

  it("count the names and arguments of calls", () => {
    const spent = stream("tools.sse").reduce((sum, event) => sum + openaiChat.flowed(event), 0);
    expect(spent).toBeGreaterThan('send_mail{"to":"[EMAIL_1]"}look_up{"query":"a \\"b\\"\\n"}'.length);
  });

  it("count escapes for no less than the text that they stand for", () => {
    const escaped = chunk('{"choices":[{"index":0,"delta":{"content":"\\u4e2d\\n"}}]}');
    expect(openaiChat.flowed(escaped)).toBeGreaterThanOrEqual(Buffer.byteLength("中\n"));
  });
});

describe("usage", () => {
  const total = (events: readonly WireEvent[]): Usage =>
    events.reduce((before, event) => openaiChat.usage(event, before), noUsage);

  it.each<[string, Partial<Usage>]>([
    [
      "usage.sse",
      {
        input: 1213,
        output: 96,
        cacheRead: 1024,
        reasoning: 64,
        model: "gpt-4.1-mini-2025-04-14",
        serviceTier: "default",
        final: true,
      },
    ],
    [
      "running-usage.sse",
      { input: 11, output: 4, model: "meta-llama/Llama-3.3-70B-Instruct", serviceTier: undefined, final: true },
    ],
    ["groq.sse", { input: 41, output: 3, final: true }],
    ["reasoning.sse", { input: 20, output: 30, cacheRead: 8, reasoning: 21, final: true }],
    ["comments.sse", { input: 9, output: 12, reasoning: 8, final: true }],
    ["azure.sse", { input: 0, output: 0, model: "gpt-4.1-mini-2025-04-14", final: false }],
    ["plain.sse", { input: 0, output: 0, final: false }],
  ])("is read from %s", (name, expected) => {
    expect(total(stream(name))).toMatchObject(expected);
  });

  it("is not final while running totals go on", () => {
    const events = stream("running-usage.sse");
    expect(total(events.slice(0, 1))).toMatchObject({ input: 11, output: 0, final: false });
    expect(total(events.slice(0, 3))).toMatchObject({ input: 11, output: 2, final: false });
  });

  it("is read from a whole body", () => {
    expect(total([wholeEvent(fixture("plain.json"), openaiChat)])).toMatchObject({
      input: 1213,
      output: 96,
      final: true,
    });
  });

  it("adds the reasoning that some servers count in the total only", () => {
    const told = {
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 40,
      completion_tokens_details: { reasoning_tokens: 25 },
    };
    expect(total([chunk({ choices: [], usage: told })])).toMatchObject({ input: 10, output: 30, reasoning: 25 });
  });

  it("reads cache writes, and never more from the cache than there was", () => {
    const details = { cached_tokens: 6, cache_write_tokens: 30 };
    const told = { prompt_tokens: 10, completion_tokens: 0, total_tokens: 10, prompt_tokens_details: details };
    expect(total([chunk({ choices: [], usage: told })])).toMatchObject({ input: 10, cacheRead: 6, cacheWrite: 4 });
  });

  it.each<[object, object]>([
    [{ server_tool_use: { web_search_requests: 2 } }, { web_search: 2 }],
    [{ num_search_queries: 3 }, { web_search: 3 }],
    [{ num_sources_used: 9 }, { search_source: 9 }],
    [{ server_tool_use: null, num_sources_used: -1 }, {}],
  ])("tells how often the provider searched, in several words: %j", (told, tools) => {
    const counted = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2, ...told };
    expect(total([chunk({ choices: [], usage: counted })]).serverTools).toEqual(tools);
  });

  it("ignores counts that are none", () => {
    const told = { prompt_tokens: -1, completion_tokens: "9", total_tokens: 1e300, prompt_tokens_details: 7 };
    expect(total([chunk({ choices: [], usage: told })])).toMatchObject({ input: 0, output: 0, cacheRead: 0 });
  });

  it("stays the same object where nothing is told", () => {
    const [first, ...rest] = stream("plain.sse");
    const before = openaiChat.usage(first as WireEvent, noUsage);
    expect(before).toMatchObject({ model: "gpt-4.1-mini-2025-04-14", serviceTier: "default" });
    for (const event of rest) expect(openaiChat.usage(event, before)).toBe(before);
  });

  it("has a chunk of its own only where there is no choice", () => {
    const only = (name: string) => stream(name).filter(openaiChat.usageOnly).length;
    expect(["usage.sse", "running-usage.sse", "groq.sse", "azure.sse", "comments.sse"].map(only)).toEqual([
      1, 1, 0, 0, 0,
    ]);
    expect(openaiChat.usageOnly(wholeEvent(fixture("empty.json"), openaiChat))).toBe(false);
    expect(openaiChat.usageOnly(chunk({ choices: [], usage: { prompt_tokens: 1 }, moderation: { input: {} } }))).toBe(
      false,
    );
  });
});
