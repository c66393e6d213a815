import { anthropicMessages as dialect } from "../../src/dialects/anthropic-messages.ts";
import type { Ask } from "../../src/dialects/dialect.ts";
import { createDocument } from "../../src/document.ts";
import { bytesOf, head, requestOf } from "../fixtures/anthropic-messages/read.ts";

const chat = head("POST", "/v1/messages");
const counting = head("POST", "/v1/messages/count_tokens");
const ask = (body: object, from = chat): Ask => dialect.ask(from, requestOf({ model: "claude-opus-4-6", ...body }));
const says = (...content: object[]) => ({ messages: [{ role: "user", content }] });
const image = (source: object) => ({ type: "image", source });
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
    ["server_tool", { mcp_servers: [{ type: "url", url: "https://mcp.example", name: "m" }] }],
    ["server_tool", { container: { skills: [{ type: "anthropic", skill_id: "xlsx" }] } }],
    ["server_history", { container: "container_1" }],
    ["server_history", { container: { id: "container_1" } }],
    ["server_history", { thread: { type: "continue", previous_message_id: "msg_1" } }],
    ["server_compaction", { compaction: { type: "summarize" } }],
    ["server_compaction", { context_management: { edits: [{ type: "compact_20260112" }] } }],
    ["server_fallback", { fallbacks: [{ model: "claude-opus-5" }] }],
    ["server_fallback", { fallbacks: "default" }],
    ["fast", { speed: "fast" }],
  ])("%s", (reason, body) => {
    expect(ask(body).unbounded).toContain(reason);
  });

  it.each<[string, object]>([
    [
      "the caller's own tools",
      { tools: [{ name: "a" }, { type: "custom", name: "b" }, { type: "bash_20250124", name: "bash" }] },
    ],
    ["tools of the caller's machine", { tools: [{ type: "memory_20250818" }, { type: "computer_toolset_20260801" }] }],
    ["nothing in lists", { mcp_servers: [], container: null, fallbacks: [], thread: null, speed: "standard" }],
    ["edits that only forget", { context_management: { edits: [{ type: "clear_tool_uses_20250919" }, null] } }],
    ["plain text", says({ type: "document", source: { type: "text", media_type: "text/plain", data: "url" } })],
  ])("is not: %s", (_, body) => {
    expect(ask(body).unbounded).toEqual([]);
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
