import { noUsage, type WireEvent } from "../../src/dialects/dialect.ts";
import { openaiChat } from "../../src/dialects/openai-chat.ts";
import { eventFromBytes, renderEvent } from "../../src/engine/event.ts";
import { Refusal } from "../../src/errors.ts";
import { fixture, of, read, stream, streams, texts } from "./openai-chat-events.ts";

describe("a delta of our own", () => {
  const like = stream("plain.sse")[1] as WireEvent;

  it.each([
    "0.content",
    "3.refusal",
    "0.reasoning",
    "1.reasoning_content",
    "0.tool.0",
    "2.tool.11",
    "0.custom.1",
    "0.function_call",
    "0.audio",
    "0.thinking",
  ])("carries its text alone, on the channel %s", (channel) => {
    const text = 'a "[EMAIL" \\u00e9 👋\n';
    const made = eventFromBytes(openaiChat.delta(like, channel, text), openaiChat);
    expect(texts([made])).toEqual({ [channel]: text });
    expect(openaiChat.stage(made)).toBe("content");
    expect(openaiChat.closes(made, [channel])).toEqual([]);
  });

  it("belongs to the answer of the event that it is like", () => {
    const made = eventFromBytes(openaiChat.delta(like, "0.content", "x"), openaiChat);
    for (const key of ["id", "object", "created", "model"]) {
      expect(made.document()?.get([key])).toEqual(like.document()?.get([key]));
    }
  });
});

describe("errors of a provider in a stream", () => {
  it("are read without their message", () => {
    expect(openaiChat.errorOf(stream("error-first.sse").at(-1) as WireEvent)).toEqual({
      type: "tokens",
      code: "rate_limit_exceeded",
      status: 429,
    });
    expect(openaiChat.errorOf(stream("error.sse").at(-1) as WireEvent)).toEqual({
      type: "server_error",
      code: undefined,
      status: 500,
    });
    expect(openaiChat.errorOf(stream("broken-off.sse")[1] as WireEvent)).toEqual({
      type: undefined,
      code: "502",
      status: 502,
    });
  });

  it("end as the SDK expects it, without a [DONE]", () => {
    const bytes = openaiChat.terminal(new Refusal("upstream_broken"), { started: true, open: [] });
    const events = read(bytes);
    expect(events.map(openaiChat.stage)).toEqual(["error"]);
    expect(events[0]?.document()?.get(["error"])).toEqual({
      message: "The provider's answer broke off.",
      type: "server_error",
      param: null,
      code: "upstream_broken",
    });
  });
});

describe("an event that nobody edited", () => {
  it.each(streams)("leaves as it came: %s", (name) => {
    const bytes = fixture(name);
    const out = read(bytes).map((event) => {
      openaiChat.stage(event);
      openaiChat.usage(event, noUsage);
      return renderEvent(event);
    });
    expect(Buffer.concat(out).equals(bytes)).toBe(true);
  });

  it("may be of a megabyte", () => {
    const content = "x [EMAIL_1] ".repeat(90_000);
    const event = of({ content });
    expect(openaiChat.stage(event)).toBe("content");
    expect(openaiChat.flowed(event)).toBe(content.length);
    expect(texts([event])).toEqual({ "0.content": content });
  });
});
