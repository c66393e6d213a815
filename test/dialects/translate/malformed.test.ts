import { readFileSync } from "node:fs";
import fc from "fast-check";
import { noUsage } from "../../../src/dialects/dialect.ts";
import { createSseParser } from "../../../src/dialects/sse.ts";
import { least, otherOf, streamed, translate } from "./scene.ts";

const read = (path: string) => readFileSync(new URL(`../../fixtures/${path}`, import.meta.url));
const streams = [
  ["anthropic-messages", read("anthropic-messages/parallel-tools.sse")],
  ["anthropic-messages", read("anthropic-messages/thinking.sse")],
  ["openai-chat", read("openai-chat/tools.sse")],
  ["openai-chat", read("openai-chat/usage.sse")],
] as const;
const stream = fc.constantFrom(...streams);

/** Every event's data as JSON; throws where it is none. */
function eventsOf(text: string): { type?: string; error?: unknown }[] {
  const found: { type?: string }[] = [];
  const parser = createSseParser(({ data, hasData }) => {
    const json = Buffer.from(data).toString();
    if (hasData && json !== "[DONE]") found.push(JSON.parse(json));
  });
  parser.write(Buffer.from(text));
  parser.end();
  return found;
}

/** Blocks begin in order, one after the other, and end; nothing comes before the start or behind the end. */
function checkOrder(types: readonly (string | undefined)[]): void {
  const order = types.filter((type) => type !== "ping").join(" ");
  expect(order).toMatch(
    /^(?:message_start(?: content_block_start(?: content_block_delta)*(?: content_block_stop|(?= error|$)))*(?: message_delta message_stop)?)?(?: ?error)*$/,
  );
}

const told = (target: (typeof streams)[number][0], sse: Uint8Array): string => {
  const caller = otherOf(target);
  return streamed(translate(caller, least[caller]), target, sse);
};

describe("a provider's stream that is not as it should be", () => {
  it("is never thrown at, wherever it breaks off, and no end is made up", () => {
    for (const [target, sse] of streams) {
      for (let length = 0; length < sse.length; length += 7) {
        const types = eventsOf(told(target, sse.subarray(0, length))).map(({ type }) => type);
        if (target === "openai-chat") checkOrder(types);
      }
    }
  });

  it("is never thrown at, with bytes changed, taken out or put in", () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(20), fc.string({ maxLength: 8 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(stream, edits, ([target, sse], changes) => {
        let text = sse.toString("latin1");
        for (const [at, length, put] of changes) {
          const from = at % text.length;
          text = text.slice(0, from) + put + text.slice(from + length);
        }
        const types = eventsOf(told(target, Buffer.from(text, "latin1"))).map(({ type }) => type);
        if (target === "openai-chat") checkOrder(types);
      }),
      { numRuns: 400 },
    );
  });

  it("is never thrown at, with values of any type in any place", () => {
    const target = fc.constantFrom("openai-chat" as const, "anthropic-messages" as const);
    const odd = fc.oneof(fc.constant(null), fc.integer(), fc.string(), fc.constant([]), fc.constant({}), fc.boolean());
    const key = fc.constantFrom(
      "type",
      "index",
      "delta",
      "content_block",
      "message",
      "choices",
      "tool_calls",
      "function",
    );
    const more = fc.constantFrom(
      "id",
      "name",
      "arguments",
      "input",
      "content",
      "text",
      "partial_json",
      "finish_reason",
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        odd,
        fc.array(tie("value"), { maxLength: 2 }),
        fc.dictionary(fc.oneof(key, more), tie("value")),
      ),
    }));
    const name = fc.constantFrom(
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "error",
    );
    fc.assert(
      fc.property(target, fc.array(fc.tuple(name, value), { maxLength: 6 }), (wire, events) => {
        const caller = otherOf(wire);
        const translation = translate(caller, least[caller]);
        for (const [type, body] of events) {
          const data = Buffer.from(
            JSON.stringify(wire === "openai-chat" ? { choices: body } : Object.assign({ type }, body)),
          );
          for (const { original } of translation.event({ name: type, data }, noUsage))
            eventsOf(Buffer.from(original).toString());
        }
        translation.end(noUsage);
      }),
      { numRuns: 500 },
    );
  });

  it("holds back no more than a few megabytes behind a call that never becomes whole", () => {
    const translation = translate("anthropic-messages", least["anthropic-messages"]);
    const said = (call: object) => {
      const data = Buffer.from(JSON.stringify({ choices: [{ index: 0, delta: { tool_calls: [call] } }] }));
      return translation.event({ name: undefined, data }, noUsage).length;
    };
    said({ index: 0, id: "a", function: { name: "f", arguments: '{"open' } });
    said({ index: 1, id: "b", function: { name: "g", arguments: '{"long":"' } });
    const megabyte = { index: 1, function: { arguments: "x".repeat(1_048_576) } };
    expect(Array.from({ length: 6 }, () => said(megabyte))).toEqual([0, 0, 0, 3, 1, 1]);
    said({ index: 0, function: { arguments: '":1}' } });
    expect(translation.losses).toEqual(["choices[0].tool_calls"]);
  });

  it("ends once, whatever follows its end", () => {
    const [target, sse] = streams[3];
    const text = told(target, Buffer.concat([sse, sse]));
    expect(text.match(/event: message_stop/g)).toHaveLength(1);
    expect(text.match(/event: message_start/g)).toHaveLength(1);
  });
});
