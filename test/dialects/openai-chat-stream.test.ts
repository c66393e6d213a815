import type { WireEvent } from "../../src/dialects/dialect.ts";
import { openaiChat } from "../../src/dialects/openai-chat.ts";
import { eventFromBytes, wholeEvent } from "../../src/engine/event.ts";
import { chunk, fixture, of, read, stream, streams, textSlots, texts, whole } from "./openai-chat-events.ts";

describe("the channels of a streamed answer", () => {
  it.each<[string, Record<string, string>]>([
    ["plain.sse", { "0.content": "Hello, [EMAIL_1]. Grüße 👋!" }],
    ["crlf.sse", { "0.content": "[EMAIL_1] – ok" }],
    ["azure.sse", { "0.content": "Yes." }],
    ["logprobs.sse", { "0.content": "[EMAIL_1]" }],
    ["refusal.sse", { "0.content": "", "0.refusal": "I'm sorry, I can't help with that." }],
    ["reasoning.sse", { "0.reasoning_content": "The user [EMAIL_1] asks.", "0.content": "It is fine." }],
    ["comments.sse", { "0.content": "Yes.", "0.reasoning": "Hm" }],
    ["choices.sse", { "0.content": "Red as [NAME_1]", "2.content": "Blue is calm", "1.content": "Green is [NAME_2]" }],
    ["tools.sse", { "0.tool.0": '{"to":"[EMAIL_1]"}', "0.tool.1": '{"query":"a \\"b\\"\\n"}' }],
    ["function-call.sse", { "0.function_call": '{"query":"[EMAIL_1]"}' }],
    ["custom-tool.sse", { "0.custom.0": "SELECT '[EMAIL_1]'" }],
  ])("are told apart: %s", (name, expected) => {
    expect(texts(stream(name))).toEqual(expected);
  });

  it.each(streams)("are the same wherever the stream is cut: %s", (name) => {
    const bytes = fixture(name);
    const expected = texts(read(bytes));
    for (const piece of [1, 2, 3, 7, 61]) expect(texts(read(bytes, piece))).toEqual(expected);
  });

  it("take their numbers from the chunk, not from the place in an array", () => {
    const parallel = chunk({
      choices: [
        { index: 2, delta: { content: "c" } },
        { index: 0, delta: { tool_calls: [{ index: 5, function: { arguments: "{" } }] } },
      ],
    });
    expect(texts([parallel])).toEqual({ "2.content": "c", "0.tool.5": "{" });
  });

  it("run through Mistral's parts of a content", () => {
    const part = (content: unknown) => of({ content });
    const thinking = (text: string) => part([{ type: "thinking", thinking: [{ type: "text", text }] }]);
    const events = [thinking("Hm, [EM"), thinking("AIL_1]"), part([{ type: "text", text: "Ye" }]), part("s.")];
    expect(texts(events)).toEqual({ "0.thinking": "Hm, [EMAIL_1]", "0.content": "Yes." });
  });

  it("encode arguments as JSON within JSON, and nothing else", () => {
    const encodings = stream("tools.sse").flatMap((event) =>
      textSlots(event).flatMap((slot) => {
        const channel = openaiChat.channel(event.document() as NonNullable<ReturnType<WireEvent["document"]>>, slot);
        return channel === undefined ? [] : [`${channel.replace(/\d+$/, "")} ${slot.encoding}`];
      }),
    );
    expect(new Set(encodings)).toEqual(new Set(["0.tool. json"]));
  });

  it("leave out whole strings, log probabilities and whole bodies", () => {
    expect(texts([of({ annotations: [{ url_citation: { title: "[EMAIL_1]" } }], mood: "fine" })])).toEqual({});
    expect(texts([wholeEvent(fixture("plain.json"), openaiChat)])).toEqual({});
    const opaque = stream("logprobs.sse")
      .flatMap(textSlots)
      .filter((slot) => slot.path.includes("logprobs"));
    expect(opaque.length).toBeGreaterThan(5);
    expect(new Set(opaque.map((slot) => slot.kind))).toEqual(new Set(["opaque"]));
  });
});

describe("the stage of an event", () => {
  const stages = (name: string) => stream(name).map(openaiChat.stage);

  it.each([
    ["plain.sse", ["prelude", ...Array(7).fill("content"), "prelude", "end"]],
    ["azure.sse", ["prelude", "prelude", "content", "content", "prelude", "end"]],
    ["comments.sse", ["prelude", "prelude", "content", "content", "prelude", "prelude", "prelude", "end"]],
    ["usage.sse", ["prelude", "content", "content", "prelude", "prelude", "end"]],
    ["refusal.sse", ["prelude", "content", "content", "content", "prelude", "end"]],
    ["reasoning.sse", ["prelude", ...Array(5).fill("content"), "prelude", "end"]],
    ["error.sse", ["prelude", "content", "error"]],
    ["error-first.sse", ["prelude", "error"]],
    ["broken-off.sse", ["content", "error", "end"]],
    ["unknown.sse", ["prelude", "prelude", "content", "prelude", "end"]],
  ])("is told of %s", (name, expected) => {
    expect(stages(name)).toEqual(expected);
  });

  it("counts the name of a call as content", () => {
    expect(stages("tools.sse").slice(0, 2)).toEqual(["prelude", "content"]);
    expect(stages("function-call.sse")[0]).toBe("content");
  });

  it("knows the errors of compatible servers, and no error where none is told", () => {
    expect(chunk({ error: "model not found" })).toHaveProperty("original");
    expect(openaiChat.stage(chunk({ error: "model not found" }))).toBe("error");
    expect(openaiChat.stage(chunk({ object: "error", message: "boom", code: 400 }))).toBe("error");
    expect(openaiChat.stage(eventFromBytes(Buffer.from("event: error\ndata: oh\n\n"), openaiChat))).toBe("error");
    expect(openaiChat.stage(chunk({ error: null, choices: [{ index: 0, delta: { content: "x" } }] }))).toBe("content");
    expect(openaiChat.stage(of({ content: "error" }))).toBe("content");
    expect(openaiChat.stage(of({ error: "in the answer" }))).toBe("content");
  });

  it("takes a whole body without an answer for an error", () => {
    expect(openaiChat.stage(wholeEvent(fixture("plain.json"), openaiChat))).toBe("content");
    expect(openaiChat.stage(wholeEvent(fixture("tools.json"), openaiChat))).toBe("content");
    expect(openaiChat.stage(wholeEvent(fixture("empty.json"), openaiChat))).toBe("error");
    expect(openaiChat.stage(wholeEvent(fixture("error.json"), openaiChat))).toBe("error");
    expect(openaiChat.stage(whole({}))).toBe("error");
    expect(
      openaiChat.stage(whole({ choices: [{ index: 0, message: { content: null }, finish_reason: "stop" }] })),
    ).toBe("content");
  });
});

describe("the end of an answer", () => {
  const open = ["0.content", "0.tool.1", "1.content", "10.content"];

  it("closes the channels of the choice that finished", () => {
    expect(openaiChat.closes(of({}, "stop", 0), open)).toEqual(["0.content", "0.tool.1"]);
    expect(openaiChat.closes(of({ content: "x" }, "length", 1), open)).toEqual(["1.content"]);
    expect(openaiChat.closes(of({ content: "x" }), open)).toEqual([]);
    expect(openaiChat.closes(of({}, "stop"), [])).toEqual([]);
  });

  it("closes every channel with [DONE] and with an error", () => {
    expect(openaiChat.closes(chunk("[DONE]"), open)).toEqual(open);
    expect(openaiChat.closes(chunk("[DONE] "), open)).toEqual(open);
    expect(openaiChat.closes(chunk({ error: { message: "no" } }), open)).toEqual(open);
    expect(openaiChat.closes(of({}, "error", 3), open)).toEqual(open);
    expect(openaiChat.closes(eventFromBytes(Buffer.from(": ping\n\n"), openaiChat), open)).toEqual([]);
  });

  it("is a reason to stop, other than an error", () => {
    expect(stream("plain.sse").map(openaiChat.finished)).toEqual([...Array(8).fill([]), [0], []]);
    expect(openaiChat.finished(wholeEvent(fixture("plain.json"), openaiChat))).toEqual([0]);
    expect(openaiChat.finished(of({ finish_reason: "stop" }))).toEqual([]);
  });

  it("tells which of several choices have finished", () => {
    expect(openaiChat.finished(of({}, "stop", 1))).toEqual([1]);
    expect(openaiChat.finished(of({}, "error", 1))).toEqual([]);
    expect(openaiChat.finished(of({ content: "x" }))).toEqual([]);
    expect(openaiChat.finished(chunk("[DONE]"))).toEqual([]);
    const both = { choices: [1, 0].map((index) => ({ index, delta: {}, finish_reason: "stop" })) };
    expect(openaiChat.finished(chunk(both))).toEqual([1, 0]);
    const unnumbered = { choices: [0, 1].map(() => ({ delta: {}, finish_reason: "stop" })) };
    expect(openaiChat.finished(chunk(unnumbered))).toEqual([0, 1]);
    expect(openaiChat.finished(wholeEvent(fixture("choices.json"), openaiChat))).toEqual([0, 1]);
    expect(new Set(stream("choices.sse").flatMap(openaiChat.finished))).toEqual(new Set([0, 1, 2]));
  });

  it.each(streams)("comes in every stream that is not broken: %s", (name) => {
    expect(stream(name).flatMap(openaiChat.finished).length > 0).toBe(!/error|broken/.test(name));
  });
});
