import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import type { DialectName } from "../../../src/dialects/dialect.ts";
import { bytesOf, least, now, translate } from "./scene.ts";

const error = (caller: DialectName, status: number, body: unknown) =>
  JSON.parse(translate(caller, least[caller]).error(bytesOf(body), status).toString());
const head = (caller: DialectName, headers: Record<string, string>) =>
  translate(caller, least[caller]).answerHead({ status: 429, headers }).headers;

const anthropicError = (type: string, message = "Told.") => ({
  type: "error",
  error: { type, message },
  request_id: "req_1",
});
const openaiError = (type: string, code: string | null, message = "Told.") => ({
  error: { message, type, param: null, code },
});

describe("an error of Anthropic's for a caller of OpenAI's", () => {
  it.each([
    [400, "invalid_request_error", "invalid_request_error", null],
    [401, "authentication_error", "authentication_error", "invalid_api_key"],
    [404, "not_found_error", "not_found_error", "model_not_found"],
    [429, "rate_limit_error", "rate_limit_error", "rate_limit_exceeded"],
    [500, "api_error", "server_error", null],
    [529, "overloaded_error", "server_error", null],
  ])("of status %i keeps its text", (status, told, type, code) => {
    expect(error("openai-chat", status, anthropicError(told))).toEqual({
      error: { message: "Told.", type, param: null, code },
    });
  });

  it("has the code that clients look for when the prompt is too long", () => {
    const body = anthropicError("invalid_request_error", "prompt is too long: 213462 tokens > 200000 maximum");
    expect(error("openai-chat", 400, body).error.code).toBe("context_length_exceeded");
  });

  it("is thrown by OpenAI's client as what it is", async () => {
    const text = JSON.stringify(error("openai-chat", 429, anthropicError("rate_limit_error")));
    const client = new OpenAI({ apiKey: "k", maxRetries: 0, fetch: async () => new Response(text, { status: 429 }) });
    const asked = client.chat.completions.create({ model: "m", messages: [] });
    await expect(asked).rejects.toThrow(OpenAI.RateLimitError);
    await expect(asked).rejects.toMatchObject({ code: "rate_limit_exceeded", type: "rate_limit_error" });
  });
});

describe("an error of OpenAI's for a caller of Anthropic's", () => {
  it.each([
    [400, "invalid_request_error"],
    [401, "authentication_error"],
    [402, "billing_error"],
    [403, "permission_error"],
    [404, "not_found_error"],
    [413, "request_too_large"],
    [422, "invalid_request_error"],
    [429, "rate_limit_error"],
    [500, "api_error"],
    [502, "api_error"],
    [503, "overloaded_error"],
  ])("of status %i is a %s", (status, type) => {
    const made = error("anthropic-messages", status, openaiError("x", null));
    expect(made).toEqual({ type: "error", error: { type, message: "Told." }, request_id: null });
  });

  it.each([
    ["Ollama's string", { error: "Told." }],
    ["vLLM's bare body", { object: "error", message: "Told.", type: "BadRequestError", code: 400 }],
    ["Gemini's list", [{ error: { message: "Told.", status: "INVALID_ARGUMENT", code: 400 } }]],
  ])("is read from %s", (_name, body) => {
    expect(error("anthropic-messages", 400, body).error.message).toBe("Told.");
  });

  it.each([
    ["a page", "<html>"],
    ["nothing", ""],
    ["null", "null"],
    ["odd types", { error: { message: 7 } }],
  ])("is an error also where the body is %s", (_name, body) => {
    expect(error("anthropic-messages", 502, body)).toMatchObject({ type: "error", error: { type: "api_error" } });
  });

  it("is thrown by Anthropic's client as what it is", async () => {
    const text = JSON.stringify(error("anthropic-messages", 529, openaiError("server_error", null)));
    const client = new Anthropic({
      apiKey: "k",
      maxRetries: 0,
      fetch: async () => new Response(text, { status: 529 }),
    });
    const asked = client.messages.create({ model: "m", max_tokens: 1, messages: [] });
    await expect(asked).rejects.toMatchObject({ status: 529, type: "overloaded_error" });
  });
});

describe("limits", () => {
  it("of Anthropic's have OpenAI's names, and resets are waits", () => {
    const reset = new Date(now + 90_500).toISOString();
    expect(
      head("openai-chat", {
        "content-type": "text/html",
        "request-id": "req_1",
        "retry-after": "5",
        "x-should-retry": "true",
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-input-tokens-remaining": "7",
        "anthropic-ratelimit-tokens-reset": reset,
        "anthropic-ratelimit-requests-reset": "soon",
      }),
    ).toEqual({
      "content-type": "application/json",
      "x-request-id": "req_1",
      "retry-after": "5",
      "x-should-retry": "true",
      "x-ratelimit-limit-requests": "50",
      "x-ratelimit-remaining-input-tokens": "7",
      "x-ratelimit-reset-tokens": "90.5s",
    });
  });

  it("of OpenAI's have Anthropic's names, and resets are times", () => {
    expect(
      head("anthropic-messages", {
        "x-request-id": "req_1",
        "retry-after-ms": "250",
        "x-ratelimit-limit-tokens": "9000",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "1h6m0.5s",
        "x-ratelimit-reset-tokens": "20ms",
      }),
    ).toEqual({
      "content-type": "application/json",
      "request-id": "req_1",
      "retry-after-ms": "250",
      "anthropic-ratelimit-tokens-limit": "9000",
      "anthropic-ratelimit-requests-remaining": "0",
      "anthropic-ratelimit-requests-reset": "2026-11-24T13:06:01Z",
      "anthropic-ratelimit-tokens-reset": "2026-11-24T12:00:01Z",
    });
  });
});
