import fc from "fast-check";
import { openaiChat } from "../../src/dialects/openai-chat.ts";
import { createDocument } from "../../src/document.ts";
import type { Scalar } from "../../src/slot.ts";

const read = (text: string) => createDocument(Buffer.from(text), openaiChat.requestRules, { nested: true });
const without = (text: string, ...paths: readonly string[]) =>
  Buffer.from(
    read(text).render({ sets: paths.map((path) => ({ path: path.split("."), value: undefined })) }),
  ).toString();

describe("a member that is taken out", () => {
  it("goes with its key and one comma, and the rest stays byte for byte", () => {
    expect(without('{"a":1, "b" : [2] ,"c":3}', "a")).toBe('{"b" : [2] ,"c":3}');
    expect(without('{"a":1, "b" : [2] ,"c":3}', "b")).toBe('{"a":1, "c":3}');
    expect(without('{"a":1, "b" : [2] ,"c":3 }', "c")).toBe('{"a":1, "b" : [2] }');
    expect(without('{"a":1, "b":2}', "a", "b")).toBe("{}");
    expect(without('{"a":{"b":1,"c":2}}', "a.b")).toBe('{"a":{"c":2}}');
    expect(without('{"a":1}', "b", "b.c")).toBe('{"a":1}');
    expect(without('{"a":1}', "b.c")).toBe('{"a":1}');
    expect(without('{"a":1,"b":{"c":2}}', "b", "b.c")).toBe('{"a":1}');
    expect(without('{"a":"x"}', "a.b")).toBe('{"a":"x"}');
    expect(without("{ }", "b")).toBe("{ }");
    expect(without('{"\\u0061":"x","b":2}', "a")).toBe('{"b":2}');
  });

  it("is what deleting it from the object gives, whatever else is set", () => {
    const key = fc.constantFrom("a", "b", "c", "d", "e");
    const value = fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.constant([1, { x: 2 }]), fc.constant({}));
    const change = fc.tuple(key, fc.option(fc.oneof(fc.integer(), fc.string()), { nil: undefined }));
    fc.assert(
      fc.property(fc.dictionary(key, value), fc.array(change), fc.nat(3), (object, changes, space) => {
        const expected: Record<string, unknown> = { ...object };
        for (const [name, to] of changes) {
          if (to === undefined) delete expected[name];
          else expected[name] = to;
        }
        const sets = changes.map(([name, to]) => ({ path: [name], value: to as Scalar | undefined }));
        const rendered = Buffer.from(read(JSON.stringify(object, null, space)).render({ sets })).toString();
        expect(JSON.parse(rendered)).toEqual(expected);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("a server with one name for the limit", () => {
  const head = { method: "POST", url: "/v1/chat/completions", headers: {} };
  const sent = (body: object, server: object, change: object = {}) => {
    const document = read(JSON.stringify({ model: "m", messages: [], ...body }));
    const asked = openaiChat.ask(head, document);
    const sets = openaiChat.edits(change, asked, document, server);
    const { model: _, messages: __, ...rest } = JSON.parse(Buffer.from(document.render({ sets })).toString());
    return rest;
  };
  const mistral = { maxTokensField: "max_tokens" };

  it("gets it, whatever the caller calls it", () => {
    expect(sent({ max_completion_tokens: 9 }, mistral)).toEqual({ max_tokens: 9 });
    expect(sent({ max_tokens: 9 }, mistral)).toEqual({ max_tokens: 9 });
    expect(sent({ max_tokens: 9, max_completion_tokens: 12 }, mistral)).toEqual({ max_tokens: 12 });
    expect(sent({ max_completion_tokens: 9 }, mistral, { maxOutput: 5 })).toEqual({ max_tokens: 5 });
    expect(sent({}, mistral, { maxOutput: 5 })).toEqual({ max_tokens: 5 });
    expect(sent({ max_completion_tokens: null }, mistral)).toEqual({});
    expect(sent({}, mistral)).toEqual({});
    expect(sent({ max_tokens: 9 }, { maxTokensField: "max_completion_tokens" })).toEqual({ max_completion_tokens: 9 });
  });

  it("is not asked for its usage where it refuses that", () => {
    const stream = { stream: true, stream_options: { include_usage: true } };
    expect(sent(stream, { streamUsage: false })).toEqual({ stream: true });
    expect(sent({ stream: true }, { streamUsage: false }, { usage: true })).toEqual({ stream: true });
    expect(sent({ stream: true }, { streamUsage: true }, { usage: true })).toEqual(stream);
  });
});
