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

  it("ignore what server tools were asked", () => {
    expect(usageOf(eventsOf("server-tool.sse"))).toMatchObject({ input: 10_682, output: 510 });
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
      final: true,
    });
  });
});
