import { openaiChat } from "../../src/dialects/openai-chat.ts";
import { type ErrorCode, errorTable, Refusal } from "../../src/errors.ts";
import type { HeaderMap, Reply, RequestHead } from "../../src/http.ts";

const head = (method: string, url: string, headers: HeaderMap = {}): RequestHead => ({ method, url, headers });
const chat = head("POST", "/v1/chat/completions");
const bodyOf = (reply: Reply): unknown => JSON.parse(Buffer.from(reply.body).toString());
const errorOf = (text: string) => openaiChat.error(Buffer.from(text));

describe("the paths of chat completions", () => {
  it.each([
    ["POST", "/v1/chat/completions", "chat"],
    ["POST", "/chat/completions?api-version=1", "chat"],
    ["GET", "/v1/chat/completions", undefined],
    ["GET", "/v1/models", "models"],
    ["GET", "/models/gpt-4.1", "model"],
    ["DELETE", "/v1/models/ft:gpt", undefined],
  ])("are ours: %s %s: %s", (method, url, operation) => {
    expect(openaiChat.matches(head(method, url))).toBe(true);
    expect(openaiChat.operation(head(method, url))).toBe(operation);
  });

  it.each([
    "/v1/chat/completions/",
    "/v1/chat/completions/chatcmpl-1",
    "/v2/chat/completions",
    "/v1/messages",
    "/v1/models/",
    "/v1/modelsx",
    "/",
  ])("are not ours: %s", (url) => {
    expect(openaiChat.matches(head("POST", url))).toBe(false);
    expect(openaiChat.operation(head("POST", url))).toBeUndefined();
  });

  it("leave the models to callers that speak Anthropic's", () => {
    const version = { "anthropic-version": "2023-06-01" };
    expect(openaiChat.matches(head("GET", "/v1/models", version))).toBe(false);
    expect(openaiChat.matches(head("POST", "/v1/chat/completions", version))).toBe(true);
  });

  it("reach a target without the query, and without a way out of their folder", () => {
    const to = (request: RequestHead) => openaiChat.path(request, openaiChat.ask(request, undefined));
    const asked = openaiChat.ask(head("GET", "/v1/models"), undefined);
    expect(openaiChat.path(chat, { ...asked, operation: "chat" })).toBe("/chat/completions");
    expect(to(head("GET", "/v1/models?user=jo@example.com"))).toBe("/models");
    expect(to(head("GET", "/v1/models/a/..%2f../files"))).toBe("/models/a%2F..%2F..%2Ffiles");
  });
});

describe("headers", () => {
  it("reach a provider by name, and never a credential or what tells of the caller's machine", () => {
    for (const name of ["openai-organization", "openai-project", "openai-beta", "idempotency-key"]) {
      expect(openaiChat.requestHeaders.has(name)).toBe(true);
    }
    for (const name of ["authorization", "cookie", "user-agent", "x-stainless-os", "x-forwarded-for"]) {
      expect(openaiChat.requestHeaders.has(name)).toBe(false);
    }
    expect(openaiChat.sign("sk-1", chat)).toEqual({ authorization: "Bearer sk-1" });
  });

  it("reach a caller without the account's name", () => {
    for (const name of [
      "x-request-id",
      "retry-after",
      "retry-after-ms",
      "x-ratelimit-remaining-tokens",
      "openai-processing-ms",
    ]) {
      expect(openaiChat.answerHeaders.has(name)).toBe(true);
    }
    for (const name of ["openai-organization", "openai-project", "set-cookie"]) {
      expect(openaiChat.answerHeaders.has(name)).toBe(false);
    }
  });
});

describe("a refusal", () => {
  it("is an error as the SDKs read it", () => {
    const reply = openaiChat.refusal(new Refusal("rate_limited", { limit: 60, param: "model" }, 1500), chat);
    expect(reply.status).toBe(429);
    expect(reply.headers).toEqual({
      "content-type": "application/json",
      "x-should-retry": "true",
      "retry-after": "2",
      "retry-after-ms": "1500",
    });
    expect(bodyOf(reply)).toEqual({
      error: {
        message: "Too many requests for this API key. (limit=60, param=model)",
        type: "rate_limit_error",
        param: "model",
        code: "rate_limited",
      },
    });
  });

  it.each<[ErrorCode, string]>([
    ["invalid_json", "invalid_request_error"],
    ["unknown_key", "authentication_error"],
    ["budget_exceeded", "insufficient_quota"],
    ["forbidden", "permission_error"],
    ["model_not_found", "invalid_request_error"],
    ["rate_limited", "rate_limit_error"],
    ["draining", "server_error"],
    ["call_aborted", "server_error"],
  ])("has the type that OpenAI gives to its status: %s", (code, type) => {
    expect(bodyOf(openaiChat.refusal(new Refusal(code), chat))).toMatchObject({ error: { type, code } });
  });

  it("tells the SDKs whether to try again, for every code", () => {
    for (const code of Object.keys(errorTable) as ErrorCode[]) {
      const { headers, status } = openaiChat.refusal(new Refusal(code), chat);
      expect([status, headers["x-should-retry"]]).toEqual([
        errorTable[code].status,
        String(errorTable[code].retryable),
      ]);
    }
  });

  it("names the method that an endpoint takes", () => {
    const wrong = openaiChat.refusal(new Refusal("method_not_allowed"), head("PUT", "/v1/models"));
    expect(wrong.headers.allow).toBe("GET");
  });
});

describe("a provider's error", () => {
  it.each<[string, object]>([
    [
      '{"error":{"message":"m","type":"requests","code":"rate_limit_exceeded"}}',
      { type: "requests", code: "rate_limit_exceeded", status: 429 },
    ],
    [
      '{"error":{"message":"m","type":"invalid_request_error","code":"model_not_found"}}',
      { code: "model_not_found", status: 404 },
    ],
    ['{"error":{"message":"m","type":"invalid_request_error","code":null}}', { code: undefined, status: 400 }],
    ['{"error":{"message":"m","code":503}}', { type: undefined, code: "503", status: 503 }],
    ['[{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}]', { code: "429", status: 429 }],
    [
      '{"object":"error","message":"m","type":"BadRequestError","code":400}',
      { type: "BadRequestError", code: "400", status: 400 },
    ],
    ['{"error":"model not found"}', { type: undefined, code: undefined, status: 500 }],
    ["<html>", { type: undefined, code: undefined, status: 500 }],
    ["null", { type: undefined, code: undefined, status: 500 }],
  ])("is read from %s", (text, expected) => {
    expect(errorOf(text)).toMatchObject(expected);
  });

  it("is read without anything that may quote the request", () => {
    expect(errorOf('{"error":{"type":"jo@example.com","code":"call Jo on Monday"}}')).toEqual({
      type: undefined,
      code: undefined,
      status: 500,
    });
    expect(errorOf('{"error":{"code":1e9}}')).toMatchObject({ code: undefined, status: 500 });
  });
});

describe("models of the gateway's own", () => {
  it("are listed as OpenAI does", () => {
    const reply = openaiChat.models(["fast", "deep"], head("GET", "/v1/models"));
    expect(reply.status).toBe(200);
    expect(bodyOf(reply)).toMatchObject({ object: "list", data: [{ id: "fast", object: "model" }, { id: "deep" }] });
  });

  it("are told one by one, or are not found", () => {
    expect(bodyOf(openaiChat.models(["a/b"], head("GET", "/v1/models/a%2Fb")))).toMatchObject({
      id: "a/b",
      object: "model",
    });
    const missing = openaiChat.models(["fast"], head("GET", "/v1/models/slow"));
    expect(missing.status).toBe(404);
    expect(bodyOf(missing)).toMatchObject({ error: { code: "model_not_found" } });
  });
});
