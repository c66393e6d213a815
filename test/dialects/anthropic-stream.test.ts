import fc from "fast-check";
import { anthropicMessages as dialect } from "../../src/dialects/anthropic-messages.ts";
import type { WireEvent } from "../../src/dialects/dialect.ts";
import { eventFromBytes } from "../../src/engine/event.ts";
import { bytesOf, eventsOf, eventWith, place, whole, wholeOf } from "../fixtures/anthropic-messages/read.ts";

const stages = (name: string) => eventsOf(name).map((event) => dialect.stage(event));
const block = (content_block: object) => eventWith({ type: "content_block_start", index: 0, content_block });
const delta = (part: object) => eventWith({ type: "content_block_delta", index: 0, delta: part });
const prelude = (count: number) => Array<string>(count).fill("prelude");

describe("the stage of a stream", () => {
  it("is prelude until something is said", () => {
    expect(stages("text.sse")).toEqual([...prelude(3), ...Array(4).fill("content"), "prelude", "content", "end"]);
  });

  it.each(["crlf.sse", "unnamed.sse"])("is the same in %s", (name) => {
    expect(stages(name)).toEqual(stages("text.sse"));
  });

  it("is prelude up to an error that comes before content", () => {
    expect(stages("error-before-content.sse")).toEqual([...prelude(3), "error"]);
  });

  it("is content before an error that comes after it", () => {
    expect(stages("error-after-content.sse")).toEqual([...prelude(2), "content", "error"]);
  });

  it("is content where the model stops without a word: a real answer", () => {
    expect(stages("nothing-said.sse")).toEqual(["prelude", "content", "end"]);
  });

  it("is prelude for comments, and for events of next year", () => {
    expect(stages("unknown.sse").slice(0, 4)).toEqual(prelude(4));
  });

  it.each([
    ["a tool call", block({ type: "tool_use", id: "toolu_1", name: "n", input: {} })],
    ["text at once", block({ type: "text", text: "Hi" })],
    ["redacted thinking", block({ type: "redacted_thinking", data: "EmwK" })],
    ["a block of next year", block({ type: "hologram", frame: "x" })],
    ["thinking", delta({ type: "thinking_delta", thinking: "Hm" })],
    ["a signature alone", delta({ type: "signature_delta", signature: "EqQB" })],
    ["a citation", delta({ type: "citations_delta", citation: { type: "char_location", cited_text: "x" } })],
    ["a whole message", whole({ type: "message", content: [] })],
    ["a whole message without its type", whole({ content: [] })],
  ])("is content: %s", (_, event) => {
    expect(dialect.stage(event)).toBe("content");
  });

  it.each([
    ["an empty text block", block({ type: "text", text: "", citations: [] })],
    ["an empty thinking block", block({ type: "thinking", thinking: "", signature: "" })],
    ["an empty text delta", delta({ type: "text_delta", text: "" })],
    ["empty arguments", delta({ type: "input_json_delta", partial_json: "" })],
    ["a delta without data", eventFromBytes(Buffer.from("event: content_block_delta\n\n"), dialect)],
    ["another wire's end", eventFromBytes(Buffer.from("data: [DONE]\n\n"), dialect)],
    ["news of the message that is no stop", eventWith({ type: "message_delta", delta: { stop_reason: null } })],
  ])("is prelude: %s", (_, event) => {
    expect(dialect.stage(event)).toBe("prelude");
  });
});

describe("a whole body without content", () => {
  it.each([{}, { input_tokens: 7 }, { type: "completion" }, []])("is no answer: %j", (body) => {
    expect(dialect.stage(whole(body))).toBe("error");
  });
});

describe("the end of a stream", () => {
  it("is certain once the model said why it stopped", () => {
    const finished = eventsOf("text.sse").filter((event) => dialect.finished(event).length > 0);
    expect(finished.map((event) => event.name)).toEqual(["message_delta"]);
    expect(eventsOf("text.sse").flatMap(dialect.finished)).toEqual([0]);
    expect(dialect.finished(wholeOf("message.json"))).toEqual([0]);
    expect(dialect.finished(eventWith({ type: "message_delta", delta: { stop_reason: null } }))).toEqual([]);
    expect(eventsOf("error-after-content.sse").flatMap(dialect.finished)).toEqual([]);
  });
});

describe("channels", () => {
  const channelsIn = (events: readonly WireEvent[]) => {
    const found = new Map<string, string>();
    for (const event of events) {
      const document = event.document();
      for (const slot of document?.slots ?? []) {
        const channel = document && dialect.channel(document, slot);
        if (channel !== undefined) found.set(channel, (found.get(channel) ?? "") + slot.text);
      }
    }
    return Object.fromEntries(found);
  };

  it("put a block's text together again", () => {
    expect(channelsIn(eventsOf("text.sse"))).toEqual({ "0.text": 'Hello, [EMAIL_1]! Größe "42"\n🙂' });
  });

  it("keep parallel tools apart", () => {
    expect(channelsIn(eventsOf("parallel-tools.sse"))).toEqual({
      "0.text": "I'll look both up.",
      "1.json": '{"email": "[EMAIL_1]", "note": "a \\"b\\" \\u00e9"}',
      "2.json": '{"city": "Paris"}',
    });
  });

  it("leave out thinking, signatures, citations and what server tools found", () => {
    expect(channelsIn(eventsOf("thinking.sse"))).toEqual({ "1.text": "27 * 453 = 12,231" });
    expect(channelsIn(eventsOf("server-tool.sse"))).toEqual({
      "0.json": '{"query": "weather NYC"}',
      "2.text": "It is sunny.",
    });
  });

  it("begin with what a block starts with", () => {
    expect(channelsIn([block({ type: "text", text: "[EMA" }), delta({ type: "text_delta", text: "IL_1]" })])).toEqual({
      "0.text": "[EMAIL_1]",
    });
  });

  it("are none in arguments that come at once", () => {
    const input = { text: "[EMAIL_1]", partial_json: "x" };
    expect(channelsIn([block({ type: "tool_use", id: "toolu_1", name: "n", input })])).toEqual({});
  });

  it("are none in a whole message, nor in unknown fields", () => {
    expect(channelsIn([wholeOf("message.json")])).toEqual({});
    expect(channelsIn(eventsOf("unknown.sse"))).toEqual({ "0.text": "Hi" });
  });

  it("close with their block alone, and all of them with the message or an error", () => {
    const open = ["1.text", "1.json", "10.text", "2.json"];
    const closes = (event: WireEvent) => dialect.closes(event, open);
    expect(closes(eventWith({ type: "content_block_stop", index: 1 }))).toEqual(["1.text", "1.json"]);
    expect(closes(eventWith({ type: "content_block_stop", index: 3 }))).toEqual([]);
    expect(closes(eventWith({ type: "message_stop" }))).toEqual(open);
    expect(closes(eventWith({ type: "error", error: {} }))).toEqual(open);
    expect(closes(delta({ type: "text_delta", text: "x" }))).toEqual([]);
    expect(closes(eventWith({ type: "ping" }))).toEqual([]);
  });
});

describe("held-back text", () => {
  const like = eventWith({ type: "content_block_stop", index: 3 });

  it("comes as a delta of its block", () => {
    expect(Buffer.from(dialect.delta(like, "12.text", "[EMA")).toString()).toBe(
      'event: content_block_delta\ndata: {"type":"content_block_delta","index":12,"delta":{"type":"text_delta","text":"[EMA"}}\n\n',
    );
    expect(Buffer.from(dialect.delta(like, "0.json", '"a\\"b')).toString()).toBe(
      'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"\\"a\\\\\\"b"}}\n\n',
    );
  });

  it("is read back on the same channel, whatever it is", () => {
    fc.assert(
      fc.property(fc.nat(200), fc.constantFrom("text", "json"), fc.string({ unit: "binary" }), (index, kind, text) => {
        const channel = `${index}.${kind}`;
        const document = eventFromBytes(dialect.delta(like, channel, text), dialect).document();
        const slot = document?.slots.find((found) => document && dialect.channel(document, found) !== undefined);
        expect(document && slot && dialect.channel(document, slot)).toBe(channel);
        expect(slot?.text).toBe(text);
      }),
    );
  });
});

describe("how much has flowed", () => {
  const flowed = (name: string) => eventsOf(name).reduce((sum, event) => sum + dialect.flowed(event), 0);

  it("is the bytes of text, arguments and thinking, as they stand in the events", () => {
    expect(flowed("text.sse")).toBe(Buffer.byteLength('Hello, [EMAIL_1]! Größe \\"42\\"\\n🙂'));
    expect(flowed("thinking.sse")).toBe(
      "The user [EMAIL_1] asks for 27 * 453. That is 12231.".length + "27 * 453 = 12,231".length,
    );
    expect(dialect.flowed(delta({ type: "input_json_delta", partial_json: "{}" }))).toBe(2);
    expect(dialect.flowed(block({ type: "text", text: "Hi" }))).toBe(2);
    expect(dialect.flowed(delta({ type: "compaction_delta", content: "So far", encrypted_content: "b3BhcXVl" }))).toBe(
      6,
    );
  });

  it("counts the name that the model gave a tool, and arguments that come at once", () => {
    expect(dialect.flowed(block({ type: "tool_use", id: "toolu_1", name: "look", input: { a: "xyz" } }))).toBe(8);
  });

  it("is not what a server tool found, nor a signature", () => {
    expect(flowed("server-tool.sse")).toBe(
      ["web_search", '{\\"query\\": \\"weather NYC\\"}', "It is sunny."].join("").length,
    );
  });

  it("is nothing in the frame of a message", () => {
    const frame = eventsOf("text.sse").filter((event) => event.name !== "content_block_delta");
    expect(frame.map((event) => dialect.flowed(event))).toEqual(frame.map(() => 0));
  });

  it("is at most the bytes of a whole message", () => {
    expect(dialect.flowed(wholeOf("message.json"))).toBe(bytesOf("message.json").length);
  });
});

describe("a keep-alive", () => {
  it("is the wire's own ping", () => {
    const event = eventFromBytes(dialect.keepAlive, dialect);
    expect(event.name).toBe("ping");
    expect(event.document()?.get(["type"])).toBe("ping");
    expect(dialect.stage(event)).toBe("prelude");
  });
});

describe("however the bytes are cut", () => {
  it.each(["text.sse", "crlf.sse", "thinking.sse", "parallel-tools.sse", "server-tool.sse", "error-after-content.sse"])(
    "%s says the same",
    (name) => {
      const read = (size?: number) =>
        eventsOf(name, size).map((event) => [
          dialect.stage(event),
          dialect.flowed(event),
          dialect.closes(event, ["0.text", "1.json"]),
          event.document()?.slots.map((slot) => `${place(slot)}=${slot.text}`),
        ]);
      const expected = read();
      expect(expected.length).toBeGreaterThan(3);
      for (const size of [1, 7, 64]) expect(read(size)).toEqual(expected);
    },
  );
});
