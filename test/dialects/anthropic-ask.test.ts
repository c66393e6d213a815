import { anthropicMessages as dialect } from "../../src/dialects/anthropic-messages.ts";
import type { Ask } from "../../src/dialects/dialect.ts";
import { createDocument } from "../../src/document.ts";
import { bytesOf, head, requestOf } from "../fixtures/anthropic-messages/read.ts";

const chat = head("POST", "/v1/messages");
const counting = head("POST", "/v1/messages/count_tokens");
const ask = (body: object, from = chat): Ask => dialect.ask(from, requestOf({ model: "claude-opus-4-6", ...body }));
const says = (...content: object[]) => ({ messages: [{ role: "user", content }] });
const image = (source: object) => ({ type: "image", source });
const addition = (definition: object) => ({ type: "tool_addition", tool: { type: "tool_definition", definition } });
const png = { type: "base64", media_type: "image/png", data: "iVBO" };

describe("what a caller asks for", () => {
  it("is read where this wire keeps it", () => {
    expect(dialect.ask(chat, createDocument(bytesOf("request.json"), dialect.requestRules))).toEqual({
      operation: "chat",
      model: "claude-opus-4-6",
      stream: true,
      maxOutput: 4096,
      choices: 1,
      usage: true,
      thinkingBudget: 2048,
      reasons: true,
      images: 1,
      unbounded: [],
      furtherModels: [],
      jsonOutput: false,
      serviceTier: undefined,
      inferenceGeo: undefined,
    });
  });

  it("may lack what only the provider insists on", () => {
    expect(ask({})).toMatchObject({ stream: false, maxOutput: undefined, thinkingBudget: undefined, reasons: false });
    expect(ask({ stream: null, max_tokens: null, thinking: null })).toMatchObject({
      stream: false,
      maxOutput: undefined,
    });
  });

  it("costs nothing where tokens are only counted", () => {
    const body = { ...says(image({ type: "url", url: "https://a.example" })), thinking: { type: "adaptive" } };
    expect(ask(body, counting)).toEqual({
      operation: "count_tokens",
      model: "claude-opus-4-6",
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

  it("needs no body for models", () => {
    expect(dialect.ask(head("GET", "/v1/models"), undefined)).toMatchObject({ operation: "models", model: "" });
    expect(dialect.ask(head("GET", "/v1/models/fast"), undefined)).toMatchObject({ operation: "model", model: "fast" });
  });

  it.each<[string, object]>([
    ["model", { model: undefined }],
    ["model", { model: 4 }],
    ["model", { model: "" }],
    ["stream", { stream: "true" }],
    ["stream", { stream: 1 }],
    ["max_tokens", { max_tokens: "64000" }],
    ["max_tokens", { max_tokens: -1 }],
    ["max_tokens", { max_tokens: 1.5 }],
    ["max_tokens", { max_tokens: 1e300 }],
    ["thinking", { thinking: "enabled" }],
    ["thinking", { thinking: [] }],
    ["thinking.type", { thinking: { budget_tokens: 5 } }],
    ["thinking.budget_tokens", { thinking: { type: "enabled", budget_tokens: "2048" } }],
    ["output_config", { output_config: "high" }],
  ])("is refused for a wrong %s", (param, body) => {
    expect(() => ask(body)).toThrow(expect.objectContaining({ code: "invalid_request", detail: { param } }));
  });

  it.each(["[]", '"x"', "7", "null"])("is refused where the body is %s", (body) => {
    const document = createDocument(Buffer.from(body), dialect.requestRules);
    expect(() => dialect.ask(chat, document)).toThrow(expect.objectContaining({ code: "invalid_request" }));
  });
});

describe("whether more is billed than flows", () => {
  it.each<[string, object, boolean]>([
    ["a budget", { thinking: { type: "enabled", budget_tokens: 1024 } }, true],
    ["adaptive thinking", { thinking: { type: "adaptive" } }, true],
    ["notes between tools", { thinking: { type: "between_tools" } }, true],
    ["an effort", { output_config: { effort: "low" } }, true],
    ["thinking turned off", { model: "claude-opus-5", thinking: { type: "disabled" } }, false],
    ["a model of generation 4", { model: "claude-haiku-4-5-20251001" }, false],
    ["a model of generation 3", { model: "claude-3-5-haiku-20241022" }, false],
    ["a model that thinks unless told not to", { model: "claude-opus-5" }, true],
    ["an alias", { model: "fast" }, true],
  ])("%s", (_, body, reasons) => {
    expect(ask(body).reasons).toBe(reasons);
  });
});

describe("input whose cost the body does not bound", () => {
  it("counts inline images wherever blocks stand", () => {
    const asked = ask(
      says(
        image(png),
        { type: "tool_result", tool_use_id: "t", content: [image(png), { type: "text", text: "base64" }] },
        { type: "document", source: { type: "content", content: [image(png)] } },
      ),
    );
    expect(asked).toMatchObject({ images: 3, unbounded: [] });
  });

  it("counts an image whose type is written with escapes", () => {
    const body = `{"model":"m","messages":[{"role":"user","content":[{"type":"image","source":{"type":"\\u0062ase64","data":""}}]}]}`;
    expect(dialect.ask(chat, createDocument(Buffer.from(body), dialect.requestRules)).images).toBe(1);
  });

  it("takes no argument of a tool for an image", () => {
    const input = {
      source: { type: "base64", media_type: "application/pdf" },
      file_id: "f",
      nested: { source: { type: "url" } },
    };
    expect(ask(says({ type: "tool_use", id: "t", name: "n", input }))).toMatchObject({ images: 0, unbounded: [] });
  });

  it.each<[string, object]>([
    ["remote_image", says(image({ type: "url", url: "https://a.example/a.png" }))],
    ["remote_image", says({ type: "document", source: { type: "url", url: "https://a.example/a.pdf" } })],
    ["file", says(image({ type: "file", file_id: "file_1" }))],
    ["file", says({ type: "container_upload", file_id: "file_1" })],
    ["file", says({ type: "document", source: { type: "base64", media_type: "application/pdf", data: "JVBE" } })],
    ["server_tool", { tools: [{ type: "web_search_20260318", name: "web_search" }] }],
    ["server_tool", { tools: [{ type: "code_execution_20250825", name: "code_execution" }] }],
    ["server_tool", { tools: [{ type: "tool_of_next_year", name: "x" }] }],
    ["server_tool", says(addition({ type: "web_search_20260318", name: "web_search" }))],
    ["server_tool", { mcp_servers: [{ type: "url", url: "https://mcp.example", name: "m" }] }],
    ["server_tool", { container: { skills: [{ type: "anthropic", skill_id: "xlsx" }] } }],
    ["server_history", { container: "container_1" }],
    ["server_history", { container: { id: "container_1" } }],
    ["server_history", { thread: { type: "continue", previous_message_id: "msg_1" } }],
    ["server_compaction", { compaction: { type: "summarize" } }],
    ["server_compaction", { context_management: { edits: [{ type: "compact_20260112" }] } }],
    ["server_fallback", { fallbacks: [{ model: "claude-opus-5" }] }],
    ["server_fallback", { fallbacks: "default" }],
  ])("%s", (reason, body) => {
    expect(ask(body).unbounded).toContain(reason);
  });

  it.each<[string, object]>([
    [
      "the caller's own tools",
      { tools: [{ name: "a" }, { type: "custom", name: "b" }, { type: "bash_20250124", name: "bash" }] },
    ],
    [
      "the caller's own tool, added among the messages",
      says(addition({ type: "custom", name: "b", input_schema: {} })),
    ],
    ["tools of the caller's machine", { tools: [{ type: "memory_20250818" }, { type: "computer_toolset_20260801" }] }],
    ["nothing in lists", { mcp_servers: [], container: null, fallbacks: [], thread: null, speed: "standard" }],
    ["edits that only forget", { context_management: { edits: [{ type: "clear_tool_uses_20250919" }, null] } }],
    ["plain text", says({ type: "document", source: { type: "text", media_type: "text/plain", data: "url" } })],
  ])("is not: %s", (_, body) => {
    expect(ask(body).unbounded).toEqual([]);
  });
});

describe("models that a request names beside its own", () => {
  it.each<[string, object, string[]]>([
    [
      "fallbacks",
      { fallbacks: [{ model: "claude-opus-5" }, { model: "claude-fable-5" }] },
      ["claude-opus-5", "claude-fable-5"],
    ],
    ["the provider's own choice of a fallback", { fallbacks: "default" }, ["*"]],
    [
      "an advisor",
      { tools: [{ type: "advisor_20260301", name: "advisor", model: "claude-opus-5" }] },
      ["claude-opus-5"],
    ],
    [
      "an advisor that comes later",
      says(addition({ type: "advisor_20260301", model: "claude-opus-5" })),
      ["claude-opus-5"],
    ],
    [
      "a field of next year",
      { judge: { model: "claude-opus-5" }, draft_model: "claude-haiku-5" },
      ["claude-opus-5", "claude-haiku-5"],
    ],
    ["the same one twice", { fallbacks: [{ model: "a" }], tools: [{ type: "advisor_1", model: "a" }] }, ["a"]],
  ])("%s", (_, body, models) => {
    expect(ask(body).furtherModels).toEqual(models);
  });

  it.each<[string, object]>([
    ["nothing", { fallbacks: [] }],
    [
      "a tool's argument",
      says({ type: "tool_use", id: "t", name: "n", input: { model: "x", tool: { definition: { model: "y" } } } }),
    ],
    [
      "a tool's schema",
      { tools: [{ name: "n", input_schema: { properties: { model: { default: "x" } }, model: "y" } }] },
    ],
    ["the caller's notes", { metadata: { model: "x" } }],
    ["prose", { system: "model", ...says({ type: "text", text: "model" }) }],
  ])("are not: %s", (_, body) => {
    expect(ask(body).furtherModels).toEqual([]);
  });
});

describe("how a call is to be answered", () => {
  const format = { type: "json_schema", schema: { type: "object" } };

  it.each<[string, object, boolean]>([
    ["a format", { output_config: { format } }, true],
    ["its older name", { output_format: format }, true],
    ["a format for a fallback", { fallbacks: [{ model: "m", output_config: { format } }] }, true],
    [
      "a fallback without the format",
      { output_config: { format }, fallbacks: [{ model: "m", output_config: null }] },
      true,
    ],
    ["an effort alone", { output_config: { effort: "low", format: null }, output_format: null }, false],
  ])("in JSON: %s", (_, body, expected) => {
    expect(ask(body).jsonOutput).toBe(expected);
  });

  it.each<[object, string | undefined]>([
    [{ service_tier: "standard_only" }, "standard_only"],
    [{ speed: "fast", service_tier: "auto" }, "fast"],
    [{ speed: "standard" }, undefined],
    [{ fallbacks: [{ model: "m", speed: "fast" }] }, "fast"],
    [{ service_tier: 7 }, undefined],
  ])("at a speed that has its own price: %j", (body, tier) => {
    expect(ask(body).serviceTier).toBe(tier);
  });

  it("at a place that has its own price", () => {
    expect(ask({ inference_geo: "us" }).inferenceGeo).toBe("us");
    expect(ask({ inference_geo: null }).inferenceGeo).toBeUndefined();
  });
});

describe("what is changed for an attempt", () => {
  const document = requestOf({ model: "fast", max_tokens: 64_000 });
  const edits = (change: Parameters<typeof dialect.edits>[0], from = chat) =>
    dialect.edits(change, dialect.ask(from, document), document);

  it("stands in the same places", () => {
    expect(edits({ model: "claude-opus-5", maxOutput: 1000, usage: true })).toEqual([
      { path: ["model"], value: "claude-opus-5" },
      { path: ["max_tokens"], value: 1000 },
    ]);
    expect(edits({})).toEqual([]);
  });

  it("never adds a limit to a count of tokens, which would refuse it", () => {
    expect(edits({ model: "m", maxOutput: 1 }, counting)).toEqual([{ path: ["model"], value: "m" }]);
  });

  it("is nothing where there is no body", () => {
    const from = head("GET", "/v1/models/fast");
    expect(dialect.edits({ model: "m" }, dialect.ask(from, undefined), undefined)).toEqual([]);
  });
});
