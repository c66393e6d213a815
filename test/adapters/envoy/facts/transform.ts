import { status } from "@grpc/grpc-js";
import { type Row, until } from "./lab.ts";
import { carryOn, go, immediately, metadata, mutation, set, withBody } from "./messages.ts";
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
  {
    name: "closed with OK at the headers: the whole body leaks",
    setup: "plain",
    ask: { body: "a secret" },
    async processor(call) {
      await call.next();
      call.close();
    },
    violations: [/closed with OK before the end/],
    expect: ({ status: code, received }) => expect([code, received[0]?.body]).toEqual([200, "a secret"]),
  },
  {
    name: "closed with OK at the body: the whole body leaks",
    setup: "plain",
    ask: { body: "a secret" },
    async processor(call) {
      call.say(go("request_headers"));
      await call.wholeRequest();
      call.close();
    },
    violations: [/closed with OK before the end/],
    expect: ({ status: code, received }) => expect([code, received[0]?.body]).toEqual([200, "a secret"]),
  },
  {
    name: "closed with OK where the route needs a header of ours: nothing leaks",
    setup: "transform",
    ask: { body: "a secret" },
    async processor(call) {
      call.say(go("request_headers"));
      await call.wholeRequest();
      call.close();
    },
    violations: [/closed with OK before the end/],
    expect: ({ status: code, received }) => expect([code, received.length]).toEqual([404, 0]),
  },
  {
    name: "an error status before the headers went on",
    setup: "plain",
    ask: { body: "x" },
    async processor(call) {
      call.say(go("request_headers"));
      await call.wholeRequest();
      call.fail(status.INTERNAL);
    },
    expect: ({ status: code, text, received }) => expect([code, text, received.length]).toEqual([503, "", 0]),
  },
  {
    name: "a reply of the wrong kind is spurious",
    setup: "plain",
    ask: { body: "x" },
    async processor(call) {
      await call.next();
      call.say(go("request_body"));
    },
    violations: [/spurious message: request_body/],
    expect: ({ status: code, received }) => expect([code, received.length]).toEqual([503, 0]),
    log: { code: 503 },
  },
  {
    name: "a second reply is spurious",
    setup: "plain",
    ask: { pieces: ["one", "two", "three"] },
    async processor(call) {
      await call.next();
      call.say(go("request_headers"), go("request_headers"));
    },
    violations: [/spurious message: request_headers/],
    expect: ({ status: code, received }) => expect([code, received.length]).toEqual([503, 0]),
  },
  {
    name: "an immediate response at the body",
    setup: "plain",
    ask: { body: "x" },
    processor: (call) => carryOn(call, { request_body: () => call.say(immediately(402, "no money")) }),
    expect: ({ status: code, text, received }) => expect([code, text, received.length]).toEqual([402, "no money", 0]),
  },
  {
    name: "an immediate response at the answer's headers: clean, and the provider is cut",
    setup: "plain",
    ask: { body: "x" },
    provider(_request, response) {
      response.writeHead(200);
      response.write("first");
    },
    processor: (call) => carryOn(call, { response_headers: () => call.say(immediately(502, "no")) }),
    async expect({ status: code, text, broken, received }) {
      expect([code, text, broken]).toEqual([502, "no", false]);
      await until(() => received[0]?.aborted === true);
    },
  },
  {
    name: "no answer in time",
    setup: "plain",
    ask: { body: "x" },
    processor: (call) => carryOn(call, { request_body: () => {} }),
    violations: [/message timeout/],
    expect: ({ status: code, received }) => expect([code, received.length]).toEqual([504, 0]),
  },
  {
    name: "override_message_timeout gives more time, once",
    setup: "plain",
    ask: { body: "x" },
    processor: (call) =>
      carryOn(call, {
        request_body: () => {
          call.say({ override_message_timeout: { seconds: 1 } });
          setTimeout(() => call.say(go("request_body")), 700);
        },
      }),
    expect: ({ status: code, received }) => expect([code, received.length]).toEqual([200, 1]),
  },
  {
    name: "a second override_message_timeout is ignored",
    setup: "plain",
    ask: { body: "x" },
    processor: (call) =>
      carryOn(call, {
        request_body: () =>
          call.say({ override_message_timeout: { nanos: 600_000_000 } }, { override_message_timeout: { seconds: 5 } }),
      }),
    violations: [/override_message_timeout is ignored/, /message timeout/],
    expect: ({ status: code, received }) => expect([code, received.length]).toEqual([504, 0]),
  },
  {
    name: "a body over the limit",
    setup: "plain",
    ask: { body: "z".repeat(200_000) },
    processor: (call) => carryOn(call),
    expect({ status: code, received, kinds }) {
      expect([code, received.length]).toEqual([413, 0]);
      expect(kinds.filter((kind) => kind !== "response_body")).toEqual(["request_headers", "response_headers"]);
    },
  },
  {
    name: "an answer over the limit",
    setup: "plain",
    ask: { body: "x" },
    provider(_request, response) {
      response.end("z".repeat(200_000));
    },
    processor: (call) => carryOn(call),
    expect: ({ status: code, kinds }) => expect([code, kinds.at(-1)]).toEqual([500, "response_headers"]),
  },
  {
    name: "nobody listens at the provider: Envoy's own answer is shown",
    setup: "plain",
    ask: { body: "x" },
    provider: (request) => request.socket.destroy(),
    processor: (call) => carryOn(call),
    expect({ status: code, text, kinds, calls }) {
      expect(code).toBe(503);
      expect(text).toMatch(/upstream connect error|reset before headers/);
      expect(kinds).toEqual(["request_headers", "request_body", "response_headers", "response_body"]);
      const { headers = [] } = calls[0]?.heard[2]?.response_headers?.headers ?? {};
      expect(headers.find(({ key }) => key === ":status")?.raw_value?.toString()).toBe("503");
    },
  },
  {
    name: "CONTINUE_AND_REPLACE at the request's headers: no more messages for it, no length",
    setup: "plain",
    ask: { body: "hello" },
    processor: (call) =>
      carryOn(call, {
        request_headers: () =>
          call.say(
            go("request_headers", {
              status: 1,
              header_mutation: mutation({ ":method": "PUT", "content-length": "3" }),
              body_mutation: { body: Buffer.from("new") },
            }),
          ),
      }),
    expect({ received, kinds }) {
      expect(received).toMatchObject([{ method: "PUT", body: "new", headers: { "transfer-encoding": "chunked" } }]);
      expect(kinds).toEqual(["request_headers", "response_headers", "response_body"]);
    },
  },
  {
    name: "a caller who leaves: end, then cancelled, the provider is cut",
    setup: "plain",
    ask: { body: "x", patience: 300 },
    provider: () => {},
    processor: (call) => carryOn(call),
    async expect({ calls, received }) {
      expect(calls[0]?.ends).toEqual(["end", "cancelled"]);
      await until(() => received[0]?.aborted === true);
    },
  },
];
