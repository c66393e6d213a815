import fc from "fast-check";
import {
  toAttempt,
  toCaller,
  toHeaderMap,
  toHeaders,
  toHttpHead,
  toRequestHead,
} from "../../../adapters/envoy/mutations.ts";
import type { Attempt } from "../../../src/index.ts";

const attempt = (
  headers: Readonly<Record<string, string>>,
  url = "https://api.test/v1/chat/completions?a=b",
): Attempt =>
  ({
    target: { name: "first" },
    request: { method: "POST", url, headers, body: new Uint8Array(0) },
  }) as unknown as Attempt;

describe("what Envoy sends of a head", () => {
  it("becomes a request's head", () => {
    const came = [
      [":method", "POST"],
      [":path", "/v1/messages?beta=true"],
      [":authority", "gateway.test"],
      ["accept", "a"],
      ["accept", "b"],
      ["x-one", "1"],
    ] as const;
    expect(toRequestHead(came, { "source.address": "10.0.0.7:40312" })).toEqual({
      method: "POST",
      url: "/v1/messages?beta=true",
      headers: { accept: ["a", "b"], "x-one": "1", host: "gateway.test" },
      peer: "10.0.0.7",
    });
    expect(toRequestHead(came.slice(1), {})).toBeUndefined();
    expect(toRequestHead([[":method", "GET"]], {})).toBeUndefined();
  });

  it.each([
    ["10.0.0.7:40312", "10.0.0.7"],
    ["[2001:db8::1]:40312", "2001:db8::1"],
    ["10.0.0.7", "10.0.0.7"],
    ["/run/some.sock", undefined],
    ["", undefined],
  ])("names the caller's address: %s", (address, peer) => {
    const head = toRequestHead(
      [
        [":method", "GET"],
        [":path", "/"],
      ],
      { "source.address": address },
    );
    expect(head?.peer).toBe(peer);
  });

  it("becomes an answer's head, if it has a status", () => {
    expect(
      toHttpHead([
        [":status", "200"],
        ["a", "b"],
      ]),
    ).toMatchObject({ status: 200, headers: { a: "b" } });
    expect(toHttpHead([["a", "b"]])).toBeUndefined();
    expect(toHttpHead([[":status", "ok"]])).toBeUndefined();
  });

  it("keeps every header, whatever its name is", () => {
    const name = fc.oneof(
      fc.constantFrom("__proto__", "constructor", "tostring", "x"),
      fc.stringMatching(/^[a-z_-]{1,12}$/),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string())), (came) => {
        const map = toHeaderMap(came);
        const flat = Object.keys(map).flatMap((key) => [map[key]].flat().map((value) => [key, value]));
        expect(flat.length).toBe(came.length);
        expect(flat).toEqual(expect.arrayContaining(came));
      }),
    );
  });
});

describe("what a request becomes for its target", () => {
  it("names route, path and length, and nothing that frames the connection", () => {
    const change = toAttempt(
      [[":path", "/x"]],
      attempt({ host: "api.test", "content-length": "7", authorization: "k" }),
      42,
    );
    expect(change.set).toEqual([
      [":path", "/v1/chat/completions?a=b"],
      ["x-postern-route", "first"],
      ["authorization", "k"],
      ["content-length", "42"],
    ]);
  });

  it("removes everything that the engine did not list, once, but what Envoy needs", () => {
    const came = [
      [":method", "POST"],
      ["host", "gateway.test"],
      ["x-forwarded-proto", "https"],
      ["cookie", "a"],
      ["cookie", "b"],
      ["authorization", "psk"],
      ["content-length", "10"],
      ["transfer-encoding", "chunked"],
      ["x-postern-route", "evil"],
      ["x-postern-team", "search"],
    ] as const;
    expect(toAttempt(came, attempt({ authorization: "k" }), 42).remove).toEqual([
      "cookie",
      "transfer-encoding",
      "x-postern-team",
    ]);
    expect(toAttempt(came, attempt({}), undefined).remove).toContain("content-length");
  });

  it("has a path where the URL ends at its host", () => {
    expect(toAttempt([], attempt({}, "https://api.test"), 0).set[0]).toEqual([":path", "/"]);
  });
});

describe("what an answer becomes for its caller", () => {
  it("has the engine's status and headers alone, and leaves Envoy's own to Envoy", () => {
    const came = [
      [":status", "401"],
      ["content-type", "text/html"],
      ["set-cookie", "a"],
      ["openai-organization", "acme"],
      ["x-envoy-upstream-service-time", "3"],
    ] as const;
    const out = { status: 502, headers: { "content-type": "application/json", "content-length": "3" } };
    expect(toCaller(came, out)).toEqual({
      set: [
        [":status", "502"],
        ["content-type", "application/json"],
      ],
      remove: ["set-cookie", "openai-organization"],
    });
  });

  it("joins what is repeated, and drops what no header may hold", () => {
    const headers = {
      vary: ["a", "b"],
      "x-split": "a\r\nset-cookie: b",
      "x-wide": "ĊĊ",
      "bad name": "x",
      "X-Upper": "x",
    };
    expect(toHeaders(headers)).toEqual([["vary", "a, b"]]);
  });
});
