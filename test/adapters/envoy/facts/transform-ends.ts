import { status } from "@grpc/grpc-js";
import type { Row } from "./lab.ts";
import { carryOn, go, immediately, mutation } from "./messages.ts";
import { until } from "./moments.ts";
import type { SetupName } from "./setups.ts";

/** §9.2: how a transformed call may end. */
export const transformedEnds: readonly Row<SetupName>[] = [
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
