import { anthropicMessages as dialect } from "../../src/dialects/anthropic-messages.ts";
import { head, requestOf } from "../fixtures/anthropic-messages/read.ts";

describe("which calls are Anthropic's", () => {
  it.each([
    ["POST", "/v1/messages", "chat"],
    ["POST", "/messages", "chat"],
    ["POST", "/v1/messages?beta=true", "chat"],
    ["POST", "/v1/messages/count_tokens", "count_tokens"],
    ["POST", "/messages/count_tokens?beta=true", "count_tokens"],
    ["GET", "/v1/models", "models"],
    ["GET", "/models?limit=5", "models"],
    ["GET", "/v1/models/claude-opus-4-6", "model"],
  ])("%s %s is %s", (method, url, operation) => {
    expect(dialect.matches(head(method, url))).toBe(true);
    expect(dialect.operation(head(method, url))).toBe(operation);
  });

  it("leaves models to OpenAI where no version is sent", () => {
    expect(dialect.matches(head("GET", "/v1/models", {}))).toBe(false);
    expect(dialect.matches(head("GET", "/v1/models/x", {}))).toBe(false);
    expect(dialect.matches(head("POST", "/v1/messages", {}))).toBe(true);
  });

  it.each([
    "/v1/messages/batches",
    "/v1/files",
    "/v1/v1/messages",
    "/v1/models/a/b",
    "/v1",
    "/constructor",
    "/v1/messages/",
  ])("%s is not", (url) => {
    expect(dialect.matches(head("POST", url))).toBe(false);
    expect(dialect.operation(head("POST", url))).toBeUndefined();
  });

  it("knows the endpoint but not the method", () => {
    expect(dialect.matches(head("GET", "/v1/messages"))).toBe(true);
    expect(dialect.operation(head("GET", "/v1/messages"))).toBeUndefined();
    expect(dialect.operation(head("DELETE", "/v1/models/x"))).toBeUndefined();
  });
});

describe("where a call goes", () => {
  const target = (method: string, url: string) => {
    const from = head(method, url);
    return dialect.path(from, dialect.ask(from, requestOf({ model: "m" })));
  };

  it.each([
    ["POST", "/v1/messages", "/messages"],
    ["POST", "/v1/messages?beta=true", "/messages?beta=true"],
    ["POST", "/v1/messages/count_tokens?beta=true", "/messages/count_tokens?beta=true"],
    ["GET", "/v1/models?limit=20&after_id=claude-opus-4-6", "/models?limit=20&after_id=claude-opus-4-6"],
    [
      "GET",
      "/v1/models?lifecycle%5B%5D=active&lifecycle[]=retired&lifecycle[]=a%40b.example&limit=2&limit=3",
      "/models?limit=2&lifecycle[]=active&lifecycle[]=retired",
    ],
    ["GET", "/v1/models/anthropic%2Fclaude?beta=true", "/models/anthropic%2Fclaude?beta=true"],
  ])("%s %s goes to %s", (method, url, expected) => {
    expect(target(method, url)).toBe(expected);
  });

  it("lets no other query through, and no value that is not what the key is for", () => {
    expect(target("POST", "/v1/messages?beta=anna@example.com&key=sk-1&email=a@b.example")).toBe("/messages");
    expect(target("GET", "/v1/models?after_id=4111111111111111&limit=1e9&before_id=a%40b.example")).toBe("/models");
  });

  it.each(["%2e%2e", "..", "%2E", "%ff", "%"])("refuses the model %s in a path", (id) => {
    expect(() => dialect.ask(head("GET", `/v1/models/${id}`), undefined)).toThrow(
      expect.objectContaining({ code: "invalid_request", detail: { param: "model" } }),
    );
  });

  it("asks for the model that routing chose", () => {
    const from = head("GET", "/v1/models/fast");
    const asked = dialect.ask(from, undefined);
    expect(asked.model).toBe("fast");
    expect(dialect.path(from, { ...asked, model: "claude-haiku-4-5" })).toBe("/models/claude-haiku-4-5");
  });
});

describe("headers", () => {
  it.each([
    ["2023-01-01", { "x-api-key": "k" }],
    ["2023-06-01", { "x-api-key": "k" }],
    ["2026-10-21", { authorization: "Bearer k" }],
    ["2027-03-01", { authorization: "Bearer k" }],
  ])("the key goes where version %s has it", (version, expected) => {
    expect(dialect.sign("k", head("POST", "/v1/messages", { "anthropic-version": version }))).toEqual(expected);
  });

  it("takes the older place where no version is sent", () => {
    expect(dialect.sign("k", head("POST", "/v1/messages", {}))).toEqual({ "x-api-key": "k" });
  });

  it("passes the version and betas on, and nothing that authenticates or chooses an account", () => {
    expect([...dialect.requestHeaders].sort()).toEqual(["anthropic-beta", "anthropic-version", "idempotency-key"]);
  });

  it("returns rate limits and request ids, and nothing that names an account", () => {
    const names = [...dialect.answerHeaders];
    expect(names).toEqual(expect.arrayContaining(["request-id", "retry-after", "x-should-retry"]));
    expect(names).toEqual(
      expect.arrayContaining([
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-input-tokens-reset",
        "anthropic-ratelimit-output-tokens-limit",
        "anthropic-ratelimit-priority-input-tokens-remaining",
      ]),
    );
    expect(names.filter((name) => /organization|workspace|cookie/.test(name))).toEqual([]);
  });
});

describe("models from the gateway's own config", () => {
  const read = (url: string, ids: readonly string[]) => {
    const reply = dialect.models(ids, head("GET", url));
    return { status: reply.status, body: JSON.parse(Buffer.from(reply.body).toString()) };
  };
  const entry = (id: string) => ({ type: "model", id, display_name: id, created_at: "1970-01-01T00:00:00Z" });

  it("lists them as one last page", () => {
    expect(read("/v1/models", ["fast", "deep"])).toEqual({
      status: 200,
      body: { data: [entry("fast"), entry("deep")], has_more: false, first_id: "fast", last_id: "deep" },
    });
  });

  it("lists none", () => {
    expect(read("/v1/models", []).body).toEqual({ data: [], has_more: false, first_id: null, last_id: null });
  });

  it("shows one", () => {
    expect(read("/v1/models/team%2Ffast", ["team/fast"])).toEqual({ status: 200, body: entry("team/fast") });
  });

  it("does not know others", () => {
    const { status, body } = read("/v1/models/secret-name", ["fast"]);
    expect(status).toBe(404);
    expect(body.error).toMatchObject({ type: "not_found_error", code: "model_not_found" });
    expect(JSON.stringify(body)).not.toContain("secret-name");
  });
});
