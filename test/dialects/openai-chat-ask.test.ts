import type { Ask, AskChange } from "../../src/dialects/dialect.ts";
import { openaiChat } from "../../src/dialects/openai-chat.ts";
import { createDocument } from "../../src/document.ts";
import type { RequestHead } from "../../src/http.ts";
import type { Document } from "../../src/slot.ts";

const chat: RequestHead = { method: "POST", url: "/v1/chat/completions", headers: {} };
const messages = [{ role: "user", content: "hi" }];
const documentOf = (body: object): Document =>
  createDocument(Buffer.from(JSON.stringify(body)), openaiChat.requestRules);
const ask = (body: object): Ask => openaiChat.ask(chat, documentOf({ model: "gpt-4.1", messages, ...body }));
const part = (...content: unknown[]): object => ({ messages: [...messages, { role: "user", content }] });
const inline = `data:image/png;base64,${"iVBORw0KGgo".repeat(20)}`;

describe("what a caller of chat completions asks for", () => {
  it("is a whole answer of one choice, unless it says otherwise", () => {
    expect(ask({})).toEqual({
      operation: "chat",
      model: "gpt-4.1",
      stream: false,
      maxOutput: undefined,
      choices: 1,
      usage: true,
      thinkingBudget: undefined,
      reasons: false,
      images: 0,
      unbounded: [],
      furtherModels: [],
      jsonOutput: false,
      serviceTier: undefined,
      inferenceGeo: undefined,
    });
  });

  it("takes null for a field that is left out", () => {
    const nothing = { stream: null, n: null, max_tokens: null, max_completion_tokens: null, stream_options: null };
    expect(ask({ ...nothing, reasoning_effort: null, tools: null, prediction: null })).toEqual(ask({}));
  });

  it("names its limit in one of two ways, and the higher one bounds", () => {
    expect(ask({ max_tokens: 5 }).maxOutput).toBe(5);
    expect(ask({ max_completion_tokens: 7 }).maxOutput).toBe(7);
    expect(ask({ max_tokens: 5, max_completion_tokens: 3 }).maxOutput).toBe(5);
    expect(ask({ max_tokens: 0 }).maxOutput).toBe(0);
  });

  it("sees usage in a stream where it asked for it", () => {
    expect(ask({ stream: true })).toMatchObject({ stream: true, usage: false });
    expect(ask({ stream: true, stream_options: { include_usage: true } }).usage).toBe(true);
    expect(ask({ stream: true, stream_options: { include_usage: false } }).usage).toBe(false);
  });

  it.each<[string, object]>([
    ["model", { model: 7 }],
    ["model", { model: "" }],
    ["model", { model: undefined }],
    ["stream", { stream: "true" }],
    ["stream_options", { stream_options: [] }],
    ["stream_options.include_usage", { stream_options: { include_usage: 1 } }],
    ["max_tokens", { max_tokens: "5" }],
    ["max_tokens", { max_tokens: 1.5 }],
    ["max_completion_tokens", { max_completion_tokens: -1 }],
    ["n", { n: 0 }],
    ["n", { n: 1e300 }],
  ])("is refused where %s has a wrong type: %j", (param, body) => {
    const refused = expect.objectContaining({ code: "invalid_request", detail: { param } });
    expect(() => ask(body)).toThrow(refused);
  });

  it.each([
    ["o3-mini", {}, true],
    ["gpt-5-mini", {}, true],
    ["openai/gpt-5.2", {}, true],
    ["gpt-5.1-chat-latest", {}, true],
    ["gpt-5-chat-latest", {}, false],
    ["gpt-5.1", { reasoning_effort: "none" }, false],
    ["gpt-5", { reasoning_effort: "minimal" }, true],
    ["deepseek-reasoner", {}, true],
    ["kimi-k2-thinking", {}, true],
    ["grok-4-fast-reasoning", {}, true],
    ["gpt-4.1", {}, false],
    ["foo3", {}, false],
    ["qwen3", { reasoning_effort: "low" }, true],
    ["qwen3", { reasoning: { effort: "none" } }, false],
    ["qwen3", { reasoning: { max_tokens: 100 } }, true],
    ["gpt-4.1", { prediction: { type: "content", content: "x" } }, true],
  ])("may bill tokens that do not flow: %s %j: %s", (model, body, expected) => {
    expect(ask({ model, ...body }).reasons).toBe(expected);
  });
});

describe("the cost of what a caller sends", () => {
  it("counts inline images, wherever a server takes them", () => {
    const image = { type: "image_url", image_url: { url: inline, detail: "low" } };
    const small = { type: "image_url", image_url: { detail: "low", url: "data:image/gif;base64,R0lGOD" } };
    expect(ask(part(image, small, { type: "image_url", image_url: inline }))).toMatchObject({
      images: 3,
      unbounded: [],
    });
  });

  it.each<[string, object]>([
    ["remote_image", part({ type: "image_url", image_url: { url: "https://example.com/a.png" } })],
    ["remote_image", part({ type: "image_url", image_url: "http://example.com/a.png" })],
    ["remote_image", part({ image_url: { url: "HTTPS://example.com/a.png" } })],
    ["remote_image", part({ type: "image_url", image_url: { url: inline } }, { type: "image_url", image_url: {} })],
    ["file", part({ type: "file", file: { file_id: "file-abc" } })],
    ["file", part({ type: "file", file: { filename: "a.pdf", file_data: inline } })],
    ["file", part({ type: "video_url", video_url: { url: "https://example.com/a.mp4" } })],
    ["server_history", { messages: [...messages, { role: "assistant", audio: { id: "audio_abc" } }] }],
    ["server_tool", { web_search_options: {} }],
    ["server_tool", { plugins: [{ id: "web" }] }],
    ["server_tool", { tools: [{ type: "browser_search" }] }],
    ["server_tool", { model: "gpt-4o-search-preview" }],
    ["audio", { modalities: ["text", "audio"], audio: { voice: "alloy", format: "wav" } }],
  ])("has no bound with a %s: %j", (reason, body) => {
    expect(ask(body).unbounded).toEqual([reason]);
  });

  it("is bounded for what only looks like it", () => {
    const spoken = { type: "input_audio", input_audio: { data: "UklGRg".repeat(40), format: "wav" } };
    const said = { type: "text", text: "image_url file data:image/png https://example.com" };
    const arguments_ = '{"image_url":"https://example.com","file":"a"}';
    const called = { id: "call_1", type: "function", function: { name: "file", arguments: arguments_ } };
    const answered = { role: "assistant", content: null, extra: { file: "a" }, audio: null, tool_calls: [called] };
    const schema = { type: "object", properties: { image_url: { type: "string" }, type: { type: "web" } } };
    const body = {
      messages: [
        { role: "user", content: [spoken, said] },
        answered,
        { role: "tool", tool_call_id: "call_1", content: "{}" },
      ],
      tools: [
        { type: "function", function: { name: "file", parameters: schema } },
        { type: "custom", custom: { name: "type" } },
      ],
      metadata: { image_url: "https://example.com/", file: "x", audio: "y" },
      store: true,
      service_tier: "auto",
      modalities: ["text"],
    };
    expect(ask(body)).toMatchObject({ images: 0, unbounded: [] });
  });
});

describe("models that a request names beside its own", () => {
  it.each<[string, object, string[]]>([
    ["a moderator", { moderation: { model: "omni-moderation-latest" } }, ["omni-moderation-latest"]],
    ["OpenRouter's fallbacks", { models: ["a/b", "c/d"] }, ["a/b", "c/d"]],
    ["LiteLLM's fallbacks", { fallbacks: ["a", { model: "b" }] }, ["a", "b"]],
    ["Groq's compound", { compound_custom: { models: { reasoning_model: "a", answering: "b" } } }, ["a", "b"]],
    ["an advisor", { advisor: { model: "a" } }, ["a"]],
    ["a router's choice", { plugins: [{ id: "auto-router", allowed_models: ["a", "b"] }] }, ["a", "b"]],
    ["a tool that runs a model", { tools: [{ type: "openrouter:advisor", parameters: { model: "a" } }] }, ["a"]],
    ["a tool that draws", { tools: [{ type: "image_generation", model: "gpt-image-2" }] }, ["gpt-image-2"]],
  ])("%s", (_, body, models) => {
    expect(ask(body).furtherModels).toEqual(models);
  });

  it("are not what a schema, an argument or the caller's notes call so", () => {
    const parameters = { type: "object", properties: { model: { enum: ["x"], default: "y" } }, required: ["model"] };
    const call = { id: "c", type: "function", function: { name: "model", arguments: '{"model":"x"}' } };
    const body = {
      messages: [...messages, { role: "assistant", content: null, tool_calls: [call], model: "x" }],
      tools: [{ type: "function", function: { name: "model", parameters } }],
      response_format: { type: "json_schema", json_schema: { name: "model", schema: parameters, model: "x" } },
      metadata: { model: "x", models: "y" },
      user: "model",
      stop: ["model"],
    };
    expect(ask(body).furtherModels).toEqual([]);
  });
});

describe("how a call is to be answered", () => {
  it.each<[object, boolean]>([
    [{ response_format: { type: "json_schema", json_schema: { name: "n", schema: {} } } }, true],
    [{ response_format: { type: "json_object" } }, true],
    [{ guided_json: { type: "object" } }, true],
    [{ structured_outputs: { json: { type: "object" } } }, true],
    [{ structured_outputs: { json_object: true } }, true],
    [{ json_schema: { type: "object" } }, true],
    [{ response_format: { type: "text" } }, false],
    [{ response_format: null, guided_json: null, structured_outputs: { regex: "a" } }, false],
    [{ structured_outputs: true }, false],
  ])("in JSON: %j: %s", (body, expected) => {
    expect(ask(body).jsonOutput).toBe(expected);
  });

  it("in a tier that has its own price", () => {
    expect(ask({ service_tier: "flex" }).serviceTier).toBe("flex");
    expect(ask({ service_tier: null }).serviceTier).toBeUndefined();
    expect(ask({ service_tier: ["flex"] }).serviceTier).toBeUndefined();
  });
});

describe("listing models", () => {
  it("asks for all, or for one by its name in the path", () => {
    const get = (url: string) => openaiChat.ask({ method: "GET", url, headers: {} }, undefined);
    expect(get("/v1/models")).toMatchObject({ operation: "models", model: "" });
    expect(get("/v1/models/ft%3Agpt-4o%3Aacme?x=1")).toMatchObject({ operation: "model", model: "ft:gpt-4o:acme" });
    expect(get("/models/meta-llama/Llama-3")).toMatchObject({ operation: "model", model: "meta-llama/Llama-3" });
    for (const url of ["/v1/models/%ff", "/v1/models/..", "/v1/models/%2e%2e", "/v1/models/."]) {
      expect(() => get(url)).toThrow(expect.objectContaining({ code: "invalid_request" }));
    }
  });
});

describe("what a step changes", () => {
  const edits = (change: AskChange, body: object) => {
    const document = documentOf({ model: "gpt-4.1", messages, ...body });
    return openaiChat
      .edits(change, openaiChat.ask(chat, document), document)
      .map(({ path, value }) => [path.join("."), value]);
  };

  it("keeps the caller's own name of the limit", () => {
    expect(edits({ maxOutput: 9 }, { max_tokens: 64 })).toEqual([["max_tokens", 9]]);
    expect(edits({ maxOutput: 9 }, { max_completion_tokens: 64, max_tokens: null })).toEqual([
      ["max_completion_tokens", 9],
    ]);
    expect(edits({ maxOutput: 9 }, { max_completion_tokens: 64, max_tokens: 32 })).toEqual([
      ["max_completion_tokens", 9],
      ["max_tokens", 9],
    ]);
  });

  it.each([
    ["gpt-4.1", "max_completion_tokens"],
    ["o4-mini", "max_completion_tokens"],
    ["openai/gpt-5", "max_completion_tokens"],
    ["ft:gpt-4o-mini:acme", "max_completion_tokens"],
    ["gpt-oss-120b", "max_tokens"],
    ["mistral-large-latest", "max_tokens"],
    ["qwen3:8b", "max_tokens"],
  ])("names a limit of its own as %s is sure to know it: %s", (model, field) => {
    expect(edits({ maxOutput: 9 }, { model })).toEqual([[field, 9]]);
    expect(edits({ maxOutput: 9, model }, { model: "alias" })).toEqual([
      ["model", model],
      [field, 9],
    ]);
  });

  it("asks a stream for its usage, once", () => {
    expect(edits({ usage: true }, { stream: true })).toEqual([["stream_options.include_usage", true]]);
    expect(edits({ usage: true }, { stream: true, stream_options: { include_usage: true } })).toEqual([]);
    expect(edits({ usage: true }, {})).toEqual([]);
  });

  it("changes nothing unasked, and no call without a body", () => {
    expect(edits({}, { max_tokens: 7 })).toEqual([]);
    const listed = openaiChat.ask({ method: "GET", url: "/v1/models", headers: {} }, undefined);
    expect(openaiChat.edits({ model: "x" }, listed, undefined)).toEqual([]);
  });
});
