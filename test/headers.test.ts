import { validateHeaderValue } from "node:http";
import fc from "fast-check";
import { anthropicMessages } from "../src/dialects/anthropic-messages.ts";
import type { Dialect } from "../src/dialects/dialect.ts";
import { openaiChat } from "../src/dialects/openai-chat.ts";
import { answerHeaders, checkBodyHead, checkHead, requestHeaders } from "../src/headers.ts";
import type { HeaderMap, RequestHead } from "../src/http.ts";
import type { Target } from "../src/step.ts";

const target: Target = {
  name: "here",
  provider: "openai",
  baseUrl: "https://gate.example:8443/openai/v1",
  model: undefined,
  apiKey: undefined,
  headers: {},
  trusted: false,
  timeouts: { connect: 1, firstByte: 1, idle: 1 },
};
const head = (headers: HeaderMap, method = "POST"): RequestHead => ({ method, url: "/v1/chat/completions", headers });
const latin1 = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
const dialects: readonly Dialect[] = [openaiChat, anthropicMessages];

describe("headers to a provider", () => {
  const send = (
    headers: HeaderMap,
    change: Partial<Target> = {},
    added: Record<string, string> = {},
    method = "POST",
    own = true,
  ) =>
    requestHeaders(
      head(headers, method),
      change.provider === "anthropic" ? anthropicMessages : openaiChat,
      { ...target, ...change },
      added,
      7,
      own,
    );

  it("are those that the dialect lists, and what we say ourselves", () => {
    const sent = send({
      host: "shop.example",
      "content-type": "application/json; charset=utf-8",
      "content-length": "999",
      accept: "*/*",
      "accept-encoding": "gzip, br",
      "openai-beta": ["assistants=v2", "other=v1"],
    });
    expect(sent).toEqual({
      host: "gate.example:8443",
      accept: "application/json, text/event-stream",
      "accept-encoding": "identity",
      "content-type": "application/json",
      "content-length": "7",
      "openai-beta": "assistants=v2, other=v1",
    });
  });

  it("name no content where there is none", () => {
    expect(Object.keys(send({}, {}, {}, "GET")).sort()).toEqual(["accept", "accept-encoding", "host"]);
  });

  it.each(dialects)("of $name never are a cookie, a hop's own, a forwarding or one of Postern's", (dialect) => {
    const hostile = [
      ...["cookie", "connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "expect"],
      ...["proxy-authorization", "proxy-connection", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"],
      ...["x-postern-team", "x-postern-customer", "via", "referer", "origin", "x-goog-api-key", "x-secret-session"],
    ];
    const headers = Object.fromEntries(hostile.map((name) => [name, `${name} from the caller`]));
    const sent = requestHeaders(head(headers), dialect, { ...target, provider: dialect.provider }, {}, 1, true);
    expect(JSON.stringify(sent)).not.toContain("from the caller");
  });

  it("carry no virtual key to a target that has no key", () => {
    const brought = { authorization: "Bearer psk_theirs", "x-api-key": "psk_theirs" };
    expect(JSON.stringify(send(brought, {}, {}, "POST", false))).not.toContain("psk_theirs");
    expect(JSON.stringify(send(brought))).toContain("psk_theirs");
  });

  it("carry the operator's key and nothing that the caller brought", () => {
    const brought = { authorization: "Bearer theirs", "x-api-key": "theirs", "api-key": "theirs" };
    expect(send(brought, { apiKey: "ours" })).toMatchObject({ authorization: "Bearer ours" });
    const anthropic = send(brought, { provider: "anthropic", apiKey: "ours" });
    expect(anthropic).toMatchObject({ "x-api-key": "ours" });
    for (const sent of [send(brought, { apiKey: "ours" }), anthropic]) {
      expect(JSON.stringify(sent)).not.toContain("theirs");
    }
  });

  it("carry the caller's own credential as it came, where the target's wire has a place for it", () => {
    const brought = { authorization: "bearer  theirs", "x-api-key": "anthropic's", "api-key": "azure's" };
    const openai = send(brought);
    expect(openai).toMatchObject({ authorization: "bearer  theirs", "api-key": "azure's" });
    expect(openai).not.toHaveProperty("x-api-key");
    const anthropic = send(brought, { provider: "anthropic" });
    expect(anthropic).toMatchObject({ "x-api-key": "anthropic's", authorization: "bearer  theirs" });
    expect(anthropic).not.toHaveProperty("api-key");
  });

  it("let the operator have the last word, steps the one before, and neither frame the message", () => {
    const added = {
      authorization: "Bearer step",
      "api-key": "step",
      traceparent: "00-1",
      host: "evil.example",
      "content-length": "0",
    };
    const sent = send({}, { apiKey: "ours", headers: { "openai-beta": "x", "transfer-encoding": "chunked" } }, added);
    expect(sent).toMatchObject({ authorization: "Bearer ours", traceparent: "00-1", "openai-beta": "x" });
    expect(sent).toMatchObject({ host: "gate.example:8443", "content-length": "7" });
    expect(sent).not.toHaveProperty("transfer-encoding");
    expect(sent).not.toHaveProperty("api-key");
    expect(send({}, { apiKey: "ours", headers: { authorization: "Basic op" } }).authorization).toBe("Basic op");
  });

  it("never hold a line break, whoever wrote it", () => {
    const split = "a\r\nx-evil: 1";
    const sent = send(
      { authorization: split, "openai-beta": split },
      { headers: { "x-op": split } },
      { "x-step": split },
    );
    expect(JSON.stringify(sent)).not.toContain("evil");
  });
});

describe("headers of an answer", () => {
  it.each(dialects)("of $name are those that the dialect lists, and the content type", (dialect) => {
    const [listed = ""] = dialect.answerHeaders;
    const passed = answerHeaders(
      {
        status: 200,
        headers: {
          "content-type": "text/event-stream",
          "content-length": "5",
          "content-encoding": "gzip",
          "transfer-encoding": "chunked",
          connection: "close",
          "set-cookie": ["__cf_bm=1", "a=b"],
          server: "x",
          "openai-organization": "acme",
          "anthropic-organization-id": "acme",
          [listed]: ["1", "2"],
        },
      },
      dialect,
    );
    expect(passed).toEqual({ "content-type": "text/event-stream", [listed]: "1, 2" });
  });

  it("never set a cookie nor frame the message, whatever a dialect lists", () => {
    const careless: Dialect = { ...openaiChat, answerHeaders: new Set(["set-cookie", "connection", "content-length"]) };
    const headers = { "set-cookie": "a=b", connection: "close", "content-length": "5" };
    expect(answerHeaders({ status: 200, headers }, careless)).toEqual({});
  });

  it("lose a value that would break the line", () => {
    expect(answerHeaders({ status: 200, headers: { "content-type": "a/b\nx: y" } }, openaiChat)).toEqual({});
  });
});

describe("the check of a head", () => {
  const refusal = (headers: HeaderMap, url = "/v1"): unknown => {
    try {
      checkHead({ method: "POST", url, headers });
      return undefined;
    } catch (cause) {
      return (cause as { code: string }).code;
    }
  };
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, "1"]));

  it("takes 200 headers and 64 KB, and no more of either", () => {
    expect(refusal(many(200))).toBeUndefined();
    expect(refusal(many(201))).toBe("headers_too_large");
    expect(refusal({ "x-many": Array.from({ length: 201 }, () => "1") })).toBe("headers_too_large");
    expect(refusal({ x: "a".repeat(65_536 - 4) })).toBeUndefined();
    expect(refusal({ x: "a".repeat(65_536 - 3) })).toBe("headers_too_large");
    expect(refusal({}, `/${"a".repeat(65_536)}`)).toBe("headers_too_large");
  });

  it("refuses names and values that are none", () => {
    for (const [name, value] of [
      ["x y", "1"],
      ["x\r\ny", "1"],
      ["", "1"],
      ["X-Upper", "1"],
      ["x", "a\r\nb"],
      ["x", "a\nb"],
      ["x", "a\0b"],
      ["x", "a\u{1f600}b"],
    ] as const) {
      expect(refusal({ [name]: value })).toBe("invalid_request");
      expect(refusal({ ok: "1", [name]: ["fine", value] })).toBe("invalid_request");
    }
    expect(refusal({ x: "tab\there, caf\u00e9", y: undefined })).toBeUndefined();
  });

  it("takes the values that Node would write to a socket, and no other", () => {
    const writable = (value: string): boolean => {
      try {
        validateHeaderValue("x", value);
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.string({ unit: latin1 })), (value) => {
        expect(refusal({ x: value }) === undefined).toBe(writable(value));
      }),
    );
  });
});

describe("the check before a body", () => {
  const refusal = (headers: HeaderMap, method = "POST"): unknown => {
    try {
      checkBodyHead(head(headers, method), 100);
      return undefined;
    } catch (cause) {
      return (cause as { code: string }).code;
    }
  };

  it("refuses what says that it is too long", () => {
    expect(refusal({ "content-length": "100" })).toBeUndefined();
    expect(refusal({ "content-length": "101" })).toBe("body_too_large");
  });

  it.each([
    ["application/json", undefined],
    ["Application/JSON; charset=utf-8", undefined],
    ["application/vnd.api+json", undefined],
    ["text/plain", "unsupported_media_type"],
    ["multipart/form-data; boundary=application/json", "unsupported_media_type"],
    ["application/jsonx", "unsupported_media_type"],
  ])("of type %s: %s", (type, code) => {
    expect(refusal({ "content-type": type })).toBe(code);
    expect(refusal({ "content-type": type }, "GET")).toBeUndefined();
  });

  it("takes no compressed body, which could not be inspected", () => {
    expect(refusal({ "content-encoding": "gzip" })).toBe("unsupported_media_type");
    expect(refusal({ "content-encoding": "identity" })).toBeUndefined();
  });
});
