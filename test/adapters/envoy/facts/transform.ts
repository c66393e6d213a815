import type { Row } from "./lab.ts";
import { carryOn, go, metadata, mutation, set, withBody } from "./messages.ts";
import type { SetupName } from "./setups.ts";

const routed = mutation({ "x-postern-route": "provider" });

/** §9.2 and §1.3–1.4: requests BUFFERED, answers BUFFERED. */
export const transformed: readonly Row<SetupName>[] = [
  {
    name: "four messages, each answered once",
    setup: "plain",
    ask: { body: "hello" },
    processor: (call) => carryOn(call),
    expect({ status: code, text, kinds, calls, received }) {
      expect([code, text]).toEqual([200, '{"echo":"hello"}']);
      expect(kinds).toEqual(["request_headers", "request_body", "response_headers", "response_body"]);
      expect(calls[0]?.heard[1]?.request_body).toMatchObject({ body: Buffer.from("hello"), end_of_stream: true });
      expect(received).toMatchObject([{ method: "POST", url: "/v1/chat", body: "hello" }]);
      expect(received[0]?.headers["content-length"]).toBe("5");
      expect(calls[0]?.ends.at(-1)).toBe("cancelled");
    },
  },
  {
    name: "no body, no body message: the next is response_headers",
    setup: "plain",
    ask: { method: "GET" },
    processor: (call) => carryOn(call),
    expect: ({ kinds }) => expect(kinds).toEqual(["request_headers", "response_headers", "response_body"]),
  },
  {
    name: "HEAD: the answer's headers are its end",
    setup: "plain",
    ask: { method: "HEAD" },
    processor: (call) => carryOn(call),
    expect({ status: code, headers, kinds }) {
      expect([code, headers["content-length"]]).toEqual([200, "11"]);
      expect(kinds).toEqual(["request_headers", "response_headers"]);
    },
  },
  {
    name: "which header mutations are made, and which are dropped",
    setup: "plain",
    ask: { body: "x", headers: { "x-gone": "1", "x-kept": "1", "x-both": "1", "x-some": "1" } },
    processor: (call) =>
      carryOn(call, {
        request_headers: () =>
          call.say(
            go("request_headers", {
              header_mutation: {
                set_headers: [
                  set(":path", "/other?q=1"),
                  set(":method", "PUT"),
                  set(":authority", "elsewhere"),
                  set("host", "elsewhere"),
                  set("x-envoy-own", "1"),
                  set("X-Upper", "1"),
                  set("x-both", "2"),
                  set("x-twice", "1"),
                  set("x-twice", "2"),
                  set("x-list", "1", { append: { value: true } }),
                  set("x-list", "2", { append: { value: true } }),
                  set("x-some", "2", { append_action: 1 }),
                  set("x-more", "1", { append_action: 3 }),
                ],
                remove_headers: ["x-gone", "x-both", ":path", "host"],
              },
            }),
          ),
      }),
    violations: [
      /:path: may not be removed/,
      /^host: may not be removed/,
      /:method/,
      /:authority/,
      /host/,
      /x-envoy-own/,
    ],
    expect({ received }) {
      const { headers = {} } = received[0] ?? {};
      expect(received).toMatchObject([{ method: "POST", url: "/other?q=1" }]);
      expect(headers.host).toMatch(/^127/);
      expect(headers).toMatchObject({ "x-kept": "1", "x-both": "2", "x-twice": "2", "x-upper": "1" });
      expect(headers).toMatchObject({ "x-some": "2", "x-list": "1, 2", "x-more": "1" });
      expect([headers["x-gone"], headers["x-envoy-own"]]).toEqual([undefined, undefined]);
    },
  },
  {
    name: "a bad header value fails the whole message",
    setup: "plain",
    ask: { body: "x" },
    processor: (call) =>
      carryOn(call, {
        request_headers: () => call.say(go("request_headers", { header_mutation: mutation({ "x-bad": "a\r\nb" }) })),
      }),
    violations: [/invalid header value/],
    expect: ({ status: code, received }) => expect([code, received.length]).toEqual([503, 0]),
  },
  ...(
    [
      ["a longer body without its length", withBody("request_body", "longer than it was"), /mismatch/],
      ["a shorter body without its length", withBody("request_body", "x"), /mismatch/],
      ["clear_body with a length", go("request_body", { body_mutation: { clear_body: true } }), /mismatch/],
    ] as const
  ).map(
    ([name, answer, violation]): Row<SetupName> => ({
      name: `${name}: refused`,
      setup: "plain",
      ask: { body: "hello" },
      processor: (call) => carryOn(call, { request_body: () => call.say(answer) }),
      violations: [violation],
      expect: ({ status: code, received }) => expect([code, received.length]).toEqual([503, 0]),
    }),
  ),
  ...(
    [
      ["with its new length", mutation({ "content-length": "7" }), { "content-length": "7" }],
      ["without a length", mutation({}, ["content-length"]), { "transfer-encoding": "chunked" }],
    ] as const
  ).map(
    ([name, headers, sent]): Row<SetupName> => ({
      name: `another body ${name}`,
      setup: "plain",
      ask: { body: "hello" },
      processor: (call) =>
        carryOn(call, { request_body: () => call.say(withBody("request_body", "changed", headers)) }),
      expect: ({ received }) => expect(received).toMatchObject([{ body: "changed", headers: sent }]),
    }),
  ),
  {
    name: "another answer with its new length, and headers set in the body's reply",
    setup: "plain",
    ask: { body: "hello" },
    processor: (call) =>
      carryOn(call, {
        response_body: () =>
          call.say({
            ...withBody("response_body", "changed", mutation({ "content-length": "7", "x-own": "1" })),
            ...metadata({ total_tokens: 12 }),
          }),
      }),
    expect: ({ text, headers, broken }) =>
      expect([text, headers["content-length"], headers["x-own"], broken]).toEqual(["changed", "7", "1", false]),
    log: { code: 200, metadata: { total_tokens: 12 } },
  },
  {
    name: "a route chosen in the headers' reply",
    setup: "transform",
    ask: { body: "x" },
    processor: (call) =>
      carryOn(call, {
        request_headers: () => call.say(go("request_headers", { header_mutation: routed, clear_route_cache: true })),
      }),
    expect: ({ status: code, received }) => expect([code, received.length]).toEqual([200, 1]),
  },
  {
    name: "a route chosen in the body's reply",
    setup: "transform",
    ask: { body: "x" },
    processor: (call) =>
      carryOn(call, {
        request_body: () => call.say(go("request_body", { header_mutation: routed, clear_route_cache: true })),
      }),
    expect: ({ status: code, received }) => expect([code, received.length]).toEqual([200, 1]),
  },
  {
    name: "without clear_route_cache the old route stays",
    setup: "transform",
    ask: { body: "x" },
    processor: (call) =>
      carryOn(call, { request_body: () => call.say(go("request_body", { header_mutation: routed })) }),
    expect: ({ status: code, received }) => expect([code, received.length]).toEqual([404, 0]),
  },
  {
    name: "clear_route_cache without a header_mutation of the same reply is ignored",
    setup: "transform",
    ask: { body: "x" },
    processor: (call) =>
      carryOn(call, {
        request_headers: () => call.say(go("request_headers", { header_mutation: routed })),
        request_body: () => call.say(go("request_body", { clear_route_cache: true })),
      }),
    violations: [/clear_route_cache is ignored/],
    expect: ({ status: code, received }) => expect([code, received.length]).toEqual([404, 0]),
  },
  {
    name: "a caller cannot choose the route; Envoy's own answer is shown to the processor",
    setup: "transform",
    ask: { body: "x", headers: { "x-postern-route": "provider" } },
    processor: (call) => carryOn(call),
    expect({ status: code, received, kinds, text }) {
      expect([code, received.length]).toEqual([404, 0]);
      expect(text).toContain("no route selected");
      expect(kinds).toEqual(["request_headers", "request_body", "response_headers", "response_body"]);
    },
    log: { code: 404, details: "direct_response" },
  },
];
