import { anthropicMessages as dialect } from "../../src/dialects/anthropic-messages.ts";
import { noUsage, type Usage, type WireEvent } from "../../src/dialects/dialect.ts";
import { eventsOf, eventWith, whole, wholeOf } from "../fixtures/anthropic-messages/read.ts";

const usageOf = (events: readonly WireEvent[], before = noUsage): Usage =>
  events.reduce((usage, event) => dialect.usage(event, usage), before);
const started = (usage: object) => eventWith({ type: "message_start", message: { model: "claude-opus-5", usage } });
const told = (usage: object, stop_reason: string | null = "end_turn") =>
  eventWith({ type: "message_delta", delta: { stop_reason }, usage });

describe("the tokens of a stream", () => {
  it("are told at its start and its end", () => {
    expect(usageOf(eventsOf("text.sse"))).toEqual({
      input: 25,
      output: 15,
      cacheRead: 0,
      cacheWrite: 0,
      cacheWriteLong: 0,
      reasoning: 0,
      serviceTier: "standard",
      model: "claude-opus-4-6",
      others: [],
      serverTools: {},
      final: true,
    });
  });

  it("include the cache in the input, and what the end restates replaces the start", () => {
    const events = eventsOf("cache.sse");
    expect(usageOf(events.slice(0, 1))).toMatchObject({
      input: 4 + 1250 + 18_000,
      output: 2,
      cacheRead: 18_000,
      cacheWrite: 1250,
      cacheWriteLong: 1000,
      serviceTier: "priority",
      final: false,
    });
    expect(usageOf(events)).toMatchObject({
      input: 6 + 1300 + 18_000,
      output: 7,
      cacheRead: 18_000,
      cacheWrite: 1300,
      cacheWriteLong: 1000,
      final: true,
    });
  });

  it("are running totals, never added up", () => {
    const usage = usageOf([
      started({ input_tokens: 10, cache_read_input_tokens: 5, output_tokens: 1 }),
      told({ output_tokens: 40 }, null),
      told({ output_tokens: 90, input_tokens: null, cache_read_input_tokens: null }),
    ]);
    expect(usage).toMatchObject({ input: 15, cacheRead: 5, output: 90, final: true });
  });

  it("are not final before the model stopped", () => {
    expect(usageOf([started({ input_tokens: 10 }), told({ output_tokens: 40 }, null)])).toMatchObject({
      output: 40,
      final: false,
    });
    expect(usageOf(eventsOf("error-after-content.sse"))).toMatchObject({ input: 25, output: 1, final: false });
  });

  it("name the thinking that is billed", () => {
    expect(usageOf(eventsOf("thinking.sse"))).toMatchObject({ input: 43, output: 61, reasoning: 40 });
  });

  it("include the summary of a long context, which the totals leave out", () => {
    expect(usageOf(eventsOf("compaction.sse"))).toMatchObject({ input: 203_000, output: 4500, final: true });
  });

  it("come with how often the provider's own tools ran, which has prices of its own", () => {
    expect(usageOf(eventsOf("server-tool.sse"))).toMatchObject({
      input: 10_682,
      output: 510,
      serverTools: { web_search: 1 },
    });
    const ran = told({
      output_tokens: 1,
      server_tool_use: { web_search_requests: 2, web_fetch_requests: 3, other: 4 },
    });
    expect(usageOf([ran, told({ output_tokens: 2, server_tool_use: null })]).serverTools).toEqual({
      web_search: 2,
      web_fetch: 3,
    });
    expect(usageOf([ran, told({ server_tool_use: { web_search_requests: 5 } })]).serverTools).toEqual({
      web_search: 5,
      web_fetch: 3,
    });
  });

  const turn = (input_tokens: number, output_tokens: number, more: object = {}) => ({
    type: "message",
    input_tokens,
    cache_read_input_tokens: 0,
    cache_creation_input_tokens: 0,
    output_tokens,
    ...more,
  });
  const advised = turn(823, 1612, { type: "advisor_message", model: "claude-opus-5-1", cache_read_input_tokens: 7 });

  it("set an advisor's apart, which is charged at its own model's prices", () => {
    const iterations = [turn(412, 89), advised, turn(1348, 442, { cache_read_input_tokens: 412 })];
    const usage = usageOf([
      started({ input_tokens: 412, output_tokens: 1 }),
      told({ input_tokens: 1760, cache_read_input_tokens: 412, output_tokens: 531, iterations }),
    ]);
    expect(usage).toMatchObject({ input: 1760 + 412, output: 531, cacheRead: 412, model: "claude-opus-5" });
    expect(usage.others).toEqual([
      { model: "claude-opus-5-1", input: 830, output: 1612, cacheRead: 7, cacheWrite: 0, cacheWriteLong: 0 },
    ]);
  });

  it("count every turn of a loop where the totals tell the first one's input alone", () => {
    const iterations = [turn(412, 89), advised, turn(1348, 442, { cache_read_input_tokens: 412 })];
    const usage = usageOf([told({ input_tokens: 412, cache_read_input_tokens: 0, output_tokens: 531, iterations })]);
    expect(usage).toMatchObject({ input: 1760 + 412, cacheRead: 412, output: 531 });
  });

  it("take a turn that names its model in another way for the answering model's", () => {
    const iterations = [turn(10, 5, { model: "claude-opus-5-20260701" })];
    expect(usageOf([started({}), told({ input_tokens: 10, output_tokens: 5, iterations })])).toMatchObject({
      input: 10,
      output: 5,
      others: [],
    });
  });

  it("are the fallback's where one answered, and what a model said that then declined stands apart", () => {
    const iterations = [
      turn(412, 0, { model: "claude-fable-5" }),
      turn(400, 30, { model: "claude-opus-5-1" }),
      turn(440, 60, { type: "fallback_message", model: "claude-sonnet-5" }),
    ];
    const usage = usageOf([started({ input_tokens: 412 }), told({ input_tokens: 440, output_tokens: 60, iterations })]);
    expect(usage).toMatchObject({ model: "claude-sonnet-5", input: 440, output: 60 });
    expect(usage.others).toEqual([
      { model: "claude-opus-5-1", input: 400, output: 30, cacheRead: 0, cacheWrite: 0, cacheWriteLong: 0 },
    ]);
  });

  it("name the fallback as soon as it takes over", () => {
    const block = { type: "fallback", from: { model: "claude-opus-5" }, to: { model: "claude-sonnet-5" } };
    const over = eventWith({ type: "content_block_start", index: 1, content_block: block });
    expect(usageOf([started({ input_tokens: 4 }), over])).toMatchObject({ model: "claude-sonnet-5", input: 4 });
  });

  it("add up a cache that is only told by its lifetimes", () => {
    const cache_creation = { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 4 };
    expect(usageOf([started({ input_tokens: 1, cache_creation })])).toMatchObject({
      input: 8,
      cacheWrite: 7,
      cacheWriteLong: 4,
    });
  });

  it.each([-1, 1.5, "7", null, 1e300, {}])("are not %j", (input_tokens) => {
    expect(usageOf([started({ input_tokens, output_tokens: input_tokens })])).toMatchObject({ input: 0, output: 0 });
  });

  it("never write more for an hour than in all", () => {
    const usage = { cache_creation_input_tokens: 5, cache_creation: { ephemeral_1h_input_tokens: 9 } };
    expect(usageOf([started(usage)])).toMatchObject({ cacheWrite: 5, cacheWriteLong: 5 });
  });

  it("leave the object as it is where an event tells nothing", () => {
    const before = { ...noUsage, input: 1 };
    const silent = eventsOf("text.sse").filter(
      (event) => event.name !== "message_start" && event.name !== "message_delta",
    );
    expect(silent.length).toBeGreaterThan(6);
    for (const event of [...silent, eventWith({ type: "message_delta", delta: {} }), whole({ input_tokens: 14 })]) {
      expect(dialect.usage(event, before)).toBe(before);
    }
  });

  it("always reach the caller", () => {
    expect(eventsOf("text.sse").some((event) => dialect.usageOnly(event))).toBe(false);
  });
});

describe("the tokens of a whole message", () => {
  it("are told at once", () => {
    expect(usageOf([wholeOf("message.json")])).toEqual({
      input: 2095 + 100 + 900,
      output: 503,
      cacheRead: 900,
      cacheWrite: 100,
      cacheWriteLong: 40,
      reasoning: 210,
      serviceTier: "fast",
      model: "claude-opus-4-6",
      others: [],
      serverTools: { web_search: 2 },
      final: true,
    });
  });
});
