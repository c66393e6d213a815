import type { DialectName } from "../../../src/dialects/dialect.ts";
import type { UnfitReason } from "../../../src/dialects/translate/unfit.ts";
import { Refusal } from "../../../src/errors.ts";
import { least, request } from "./scene.ts";

const openai = (more: object) => request("openai-chat", { ...least["openai-chat"], ...more });
const anthropic = (more: object) => request("anthropic-messages", { ...least["anthropic-messages"], ...more });
const says = (content: unknown) => ({ messages: [{ role: "user", content }] });
const image = (source: object) => says([{ type: "image", source }]);
const document = (source: object) => says([{ type: "document", source }]);

describe("a call that has no form in the target's wire", () => {
  it.each<[string, UnfitReason, object]>([
    ["several choices", "choices", { n: 2 }],
    ["an answer in audio", "modality", { modalities: ["text", "audio"], audio: { voice: "ash", format: "mp3" } }],
    ["audio", "content", says([{ type: "input_audio", input_audio: { data: "AAAA", format: "wav" } }])],
    ["a file that lies at the provider", "content", says([{ type: "file", file: { file_id: "file-1" } }])],
    [
      "a file that is no PDF",
      "content",
      says([{ type: "file", file: { file_data: "data:application/zip;base64,AAAA" } }]),
    ],
    [
      "a file of text, which nobody has read behind its base64",
      "content",
      says([{ type: "file", file: { file_data: "data:text/plain;base64,R3LDtsOfZQ==" } }]),
    ],
    [
      "an image that is none",
      "content",
      says([{ type: "image_url", image_url: { url: "data:image/tiff;base64,AAAA" } }]),
    ],
    ["a part of next year", "content", says([{ type: "hologram" }])],
    ["what the assistant said in audio", "content", { messages: [{ role: "assistant", audio: { id: "audio_1" } }] }],
    ["functions of the old kind", "tools", { functions: [{ name: "f" }] }],
    ["a result of a function", "content", { messages: [{ role: "function", name: "f", content: "1" }] }],
    [
      "a tool that must be called and is not there",
      "tools",
      { tool_choice: { type: "function", function: { name: "f" } } },
    ],
    [
      "a custom tool that must be called",
      "tools",
      { tools: [{ type: "custom", custom: { name: "c" } }], tool_choice: "required" },
    ],
  ])("of OpenAI's: %s", (_name, reason, more) => {
    expect(() => openai(more)).toThrow(expect.objectContaining({ name: "Unfit", reason }));
  });

  it.each<[string, UnfitReason, object]>([
    ["a conversation that lies at the provider", "history", { thread: { type: "continue", previous_message_id: "m" } }],
    ["a file that lies at the provider", "content", image({ type: "file", file_id: "file_1" })],
    ["a document in the web", "content", document({ type: "url", url: "https://example.com/a.pdf" })],
    ["a block of next year", "content", says([{ type: "hologram" }])],
    [
      "a server's tool that must be called",
      "tools",
      { tools: [{ type: "web_search_20250305", name: "web_search" }], tool_choice: { type: "any" } },
    ],
    ["a call by the user", "content", says([{ type: "tool_use", id: "t", name: "f", input: {} }])],
    [
      "an image by the assistant",
      "content",
      {
        messages: [
          {
            role: "assistant",
            content: [{ type: "image", source: { type: "url", url: "https://example.com/a.png" } }],
          },
        ],
      },
    ],
  ])("of Anthropic's: %s", (_name, reason, more) => {
    expect(() => anthropic(more)).toThrow(expect.objectContaining({ name: "Unfit", reason }));
  });
});

describe("a body that its own wire has no form for", () => {
  it.each<[DialectName, string, object]>([
    ["openai-chat", "messages", { messages: "Hi" }],
    ["openai-chat", "messages[0]", { messages: ["Hi"] }],
    ["openai-chat", "messages[0].role", { messages: [{ role: "king", content: "Hi" }] }],
    ["openai-chat", "messages[0].content", { messages: [{ role: "user", content: 7 }] }],
    ["openai-chat", "messages[0].content[0].text", says([{ type: "text" }])],
    ["openai-chat", "messages[0].tool_call_id", { messages: [{ role: "tool", content: "1" }] }],
    ["openai-chat", "stop", { stop: [7] }],
    ["openai-chat", "temperature", { temperature: "hot" }],
    ["openai-chat", "tool_choice", { tool_choice: "perhaps" }],
    ["openai-chat", "tool_choice", { tool_choice: "constructor" }],
    ["openai-chat", "tools[0].function.name", { tools: [{ type: "function", function: {} }] }],
    ["anthropic-messages", "stop_sequences", { stop_sequences: ["a", 7] }],
    ["anthropic-messages", "messages[0].role", { messages: [{ role: "tool", content: "Hi" }] }],
    ["anthropic-messages", "messages[0].content[0].source", says([{ type: "image" }])],
    ["anthropic-messages", "tools[0].input_schema", { tools: [{ name: "f" }] }],
    ["anthropic-messages", "tool_choice.type", { tool_choice: { type: "perhaps" } }],
  ])("of %s is refused by the place %s", (caller, param, more) => {
    const translated = () => (caller === "openai-chat" ? openai(more) : anthropic(more));
    expect(translated).toThrow(Refusal);
    expect(translated).toThrow(expect.objectContaining({ code: "invalid_request", detail: { param } }));
  });

  it("may have numbers with more digits than a double holds", () => {
    const body = JSON.stringify({ ...least["anthropic-messages"], model: "gpt-4.1", temperature: 7 });
    const { body: sent } = request("anthropic-messages", body.replace('":7', '":0.69999999999999996'));
    expect(sent.temperature).toBe(0.7);
    const beyond = () => request("anthropic-messages", body.replace('":7', '":1e999'));
    expect(beyond).toThrow(expect.objectContaining({ detail: { param: "temperature" } }));
  });

  it("is never named by what stands in it", () => {
    const { losses } = openai({ "ann@example.com": 1, next_year: 2 });
    expect(losses).toEqual(["*", "next_year"]);
  });

  it("may have very many unknown fields, of which the first are named", () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`field_${index}`, index]));
    expect(openai(many).losses).toHaveLength(200);
  });
});
