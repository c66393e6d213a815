import { readFileSync } from "node:fs";
import type { DialectName } from "../../../src/dialects/dialect.ts";
import { anthropicReads, least, openaiReads, otherOf, streamed, translate } from "./scene.ts";

const fixture = (dialect: DialectName, name: string): Buffer =>
  readFileSync(new URL(`../../fixtures/${dialect}/${name}.sse`, import.meta.url));

/** A provider's stream as the caller of the other wire gets it. */
const told = (target: DialectName, name: string, piece?: number): string => {
  const caller = otherOf(target);
  return streamed(translate(caller, least[caller]), target, fixture(target, name), piece);
};

describe("a stream of Anthropic's read by OpenAI's client", () => {
  it("says the text and the usage, with cached tokens included", async () => {
    const text = await openaiReads(told("anthropic-messages", "cache"));
    expect(text.choices).toMatchObject([{ message: { role: "assistant", content: "Cached." }, finish_reason: "stop" }]);
    expect(text.usage).toMatchObject({
      prompt_tokens: 19_306,
      completion_tokens: 7,
      prompt_tokens_details: { cached_tokens: 18_000, cache_write_tokens: 1_300 },
    });
  });

  it("makes parallel calls with the input that was streamed", async () => {
    const { choices } = await openaiReads(told("anthropic-messages", "parallel-tools"));
    expect(choices[0]?.finish_reason).toBe("tool_calls");
    expect(choices[0]?.message.tool_calls).toMatchObject([
      { id: "toolu_01T1x1fJ34qAmk2tNTrN7Up6", function: { name: "get_customer", arguments: expect.any(String) } },
      { id: "toolu_01A09q90qw90lq917835lq9", function: { name: "get_weather", arguments: '{"city": "Paris"}' } },
    ]);
  });

  it("leaves thinking out", async () => {
    const { choices } = await openaiReads(told("anthropic-messages", "thinking"));
    expect(choices[0]?.message).toEqual(expect.objectContaining({ content: "27 * 453 = 12,231" }));
  });
});

describe("a stream of OpenAI's read by Anthropic's client", () => {
  it("says the text and the usage, with cached tokens apart", async () => {
    const message = await anthropicReads(told("openai-chat", "usage"));
    expect(message).toMatchObject({ content: [{ type: "text", text: "Yes." }], stop_reason: "end_turn" });
    expect(message.usage).toMatchObject({
      input_tokens: 189,
      cache_read_input_tokens: 1_024,
      output_tokens: 96,
      output_tokens_details: { thinking_tokens: 64 },
    });
  });

  it("makes parallel calls with the input that was streamed", async () => {
    const { content, stop_reason } = await anthropicReads(told("openai-chat", "tools"));
    expect(stop_reason).toBe("tool_use");
    expect(content).toMatchObject([
      { type: "tool_use", id: "call_4Yq1c0pQmX7hB2sKdV8nRtZa", name: "send_mail", input: { to: "[EMAIL_1]" } },
      { type: "tool_use", id: "call_9PzLw3eTgU6jC5xNfM0bSvHy", name: "look_up", input: { query: 'a "b"\n' } },
    ]);
  });

  it("ends with what the model refused to say", async () => {
    const message = await anthropicReads(told("openai-chat", "refusal"));
    expect(message.stop_reason).toBe("refusal");
    expect(message.content).toMatchObject([{ type: "text" }]);
  });
});
