import { anthropicMessages as dialect } from "../../src/dialects/anthropic-messages.ts";
import { eventFromBytes } from "../../src/engine/event.ts";
import { type ErrorCode, errorTable, Refusal } from "../../src/errors.ts";
import { header } from "../../src/http.ts";
import { eventsOf, eventWith, head } from "../fixtures/anthropic-messages/read.ts";

const from = head("POST", "/v1/messages");
const render = (refusal: Refusal, at = from) => {
  const reply = dialect.refusal(refusal, at);
  return { reply, body: JSON.parse(Buffer.from(reply.body).toString()) };
};

describe("a refusal in Anthropic's words", () => {
  it("has the shape that the SDK reads: type, message, and the code as its errorCode", () => {
    const { reply, body } = render(new Refusal("unmaskable", { path: "messages.0.role", type: "EMAIL" }));
    expect(reply.status).toBe(400);
    expect(reply.headers["content-type"]).toBe("application/json");
    expect(body).toEqual({
      type: "error",
      error: {
        type: "invalid_request_error",
        message: `${errorTable.unmaskable.message} (path=messages.0.role, type=EMAIL)`,
        code: "unmaskable",
        details: { path: "messages.0.role", type: "EMAIL", error_code: "unmaskable" },
      },
      request_id: null,
    });
  });

  it.each<[ErrorCode, string]>([
    ["missing_key", "authentication_error"],
    ["budget_exceeded", "billing_error"],
    ["forbidden", "permission_error"],
    ["model_not_found", "not_found_error"],
    ["method_not_allowed", "invalid_request_error"],
    ["body_too_large", "request_too_large"],
    ["unsupported_media_type", "invalid_request_error"],
    ["headers_too_large", "invalid_request_error"],
    ["rate_limited", "rate_limit_error"],
    ["internal_error", "api_error"],
    ["upstream_unreachable", "api_error"],
    ["overloaded", "overloaded_error"],
    ["upstream_timeout", "timeout_error"],
    ["call_aborted", "api_error"],
  ])("%s is %s", (code, type) => {
    const { reply, body } = render(new Refusal(code));
    expect(body.error.type).toBe(type);
    expect(reply.status).toBe(errorTable[code].status);
  });

  it.each(Object.keys(errorTable) as ErrorCode[])("%s says whether to try again", (code) => {
    const { reply } = render(new Refusal(code));
    expect(reply.headers["x-should-retry"]).toBe(String(errorTable[code].retryable));
  });

  it("says when, in whole seconds rounded up and in milliseconds", () => {
    const { reply } = render(new Refusal("rate_limited", {}, 1_200.5));
    expect(header(reply.headers, "retry-after")).toBe("2");
    expect(header(reply.headers, "retry-after-ms")).toBe("1201");
    expect(header(render(new Refusal("rate_limited")).reply.headers, "retry-after")).toBeUndefined();
  });

  it("names the method that the endpoint takes", () => {
    const refused = new Refusal("method_not_allowed");
    expect(render(refused, head("GET", "/v1/messages")).reply.headers.allow).toBe("POST");
    expect(render(refused, head("POST", "/v1/models")).reply.headers.allow).toBe("GET");
  });
});

describe("the end of a broken stream", () => {
  it("is one error event with the code, never a stop reason", () => {
    const bytes = dialect.terminal(new Refusal("budget_exceeded", { budget: "team" }), {
      started: true,
      open: ["0.text"],
    });
    const event = eventFromBytes(bytes, dialect);
    expect(event.name).toBe("error");
    expect(dialect.stage(event)).toBe("error");
    expect(event.document()?.get(["error", "code"])).toBe("budget_exceeded");
    expect(event.document()?.get(["error", "type"])).toBe("billing_error");
    expect(Buffer.from(bytes).toString()).toMatch(/^event: error\ndata: \{.*\}\n\n$/);
    expect(Buffer.from(bytes).toString()).not.toMatch(/stop_reason|max_tokens|end_turn/);
  });
});

describe("a provider's own error", () => {
  const body = (error: unknown) => Buffer.from(JSON.stringify({ type: "error", error, request_id: "req_1" }));

  it.each([
    ["invalid_request_error", 400],
    ["authentication_error", 401],
    ["billing_error", 402],
    ["permission_error", 403],
    ["not_found_error", 404],
    ["conflict_error", 409],
    ["request_too_large", 413],
    ["rate_limit_error", 429],
    ["api_error", 500],
    ["timeout_error", 504],
    ["overloaded_error", 529],
    ["error_of_next_year", 500],
  ])("%s stands for %i", (type, status) => {
    expect(dialect.error(body({ type, message: "m" }))).toEqual({ type, code: undefined, status });
  });

  it("has a code of its own where the API names one", () => {
    const told = { type: "rate_limit_error", message: "m", details: { error_code: "ramp_limit_exceeded" } };
    expect(dialect.error(body(told)).code).toBe("ramp_limit_exceeded");
  });

  it.each([
    ["words", "mail anna@example.com", "anna@example.com"],
    ["what is no string", { deep: 1 }, 7],
    ["a long text", "x".repeat(65), "x ".repeat(3)],
  ])("gives nothing on that is %s", (_, type, code) => {
    expect(dialect.error(body({ type, code }))).toEqual({ type: undefined, code: undefined, status: 500 });
  });

  it.each(["", "<html>", "null", "[]", '{"error":null}', '{"error":"x"}', '{"type":"error"'])("reads %j", (text) => {
    expect(dialect.error(Buffer.from(text))).toEqual({ type: undefined, code: undefined, status: 500 });
  });

  it.each(["error-before-content.sse", "error-after-content.sse"])("is found in band in %s", (name) => {
    const last = eventsOf(name).at(-1);
    if (last === undefined) throw new Error("no event");
    expect(dialect.stage(last)).toBe("error");
    expect(dialect.errorOf(last)).toEqual({ type: "overloaded_error", code: undefined, status: 529 });
  });

  it("is found in band without an event name, and in a whole body", () => {
    const error = { type: "error", error: { type: "api_error", message: "Internal server error" } };
    expect(dialect.stage(eventFromBytes(Buffer.from(`data: ${JSON.stringify(error)}\n\n`), dialect))).toBe("error");
    expect(dialect.stage(eventWith(error, "message"))).toBe("error");
  });
});
