import { status } from "@grpc/grpc-js";
import type { Row } from "./lab.ts";
import { carryOn, duplexed, go, immediately, mutation, withBody } from "./messages.ts";
import { pause, until } from "./moments.ts";
import { cut, endless, inPieces } from "./providing.ts";
import type { SetupName } from "./setups.ts";

const streamedMode = { mode_override: { response_body_mode: 1 } };
const asStreamed = (common = {}) => go("response_headers", common, streamedMode);

/** A table, longer than a file should be: one row a fact. §9.2: STREAMED by `mode_override`. */
export const streamed: readonly Row<SetupName>[] = [
  {
    name: "each reply replaces its own piece; nothing goes out for an empty one; the end is a piece of its own",
    setup: "plain",
    ask: { body: "x" },
    provider: inPieces("one", "two", "three"),
    processor(call) {
      const replies = ["", "ONE TWO", "THREE", " END"];
      return carryOn(call, {
        response_headers: () => call.say(asStreamed()),
        response_body: () => call.say(withBody("response_body", replies.shift() ?? "")),
      });
    },
    expect({ text, pieces, broken, calls, kinds }) {
      expect([text, pieces.length, broken]).toEqual(["ONE TWOTHREE END", 3, false]);
      const bodies = calls[0]?.heard.flatMap(({ response_body: body }) => (body ? [body] : [])) ?? [];
      expect(bodies.map(({ body }) => body?.toString() ?? "")).toEqual(["one", "two", "three", ""]);
      expect(bodies.map(({ end_of_stream: end = false }) => end)).toEqual([false, false, false, true]);
      expect(kinds).toHaveLength(7);
    },
  },
  {
    name: "clear_body swallows a piece",
    setup: "plain",
    ask: { body: "x" },
    provider: inPieces("one", "two"),
    processor: (call) =>
      carryOn(call, {
        response_headers: () => call.say(asStreamed()),
        response_body: ({ response_body: body }) =>
          call.say(
            body?.body?.toString() === "one"
              ? go("response_body", { body_mutation: { clear_body: true } })
              : go("response_body"),
          ),
      }),
    expect: ({ text, broken }) => expect([text, broken]).toEqual(["two", false]),
  },
  {
    name: "the content-length stays unless it is removed with the headers",
    setup: "plain",
    ask: { body: "x", patience: 1_500 },
    async provider(_request, response) {
      response.writeHead(200, { "content-length": "6" });
      response.write("one");
      await pause(60);
      response.end("two");
    },
    processor: (call) =>
      carryOn(call, {
        response_headers: () => call.say(asStreamed()),
        response_body: ({ response_body: body }) =>
          call.say(body?.body?.length ? withBody("response_body", "longer;") : go("response_body")),
      }),
    violations: [/content-length 6, but the body has/],
    expect: ({ text, headers }) => expect([text.slice(0, 6), headers["content-length"]]).toEqual(["longer", "6"]),
  },
  {
    name: "without the content-length another length is fine",
    setup: "plain",
    ask: { body: "x" },
    async provider(_request, response) {
      response.writeHead(200, { "content-length": "6" });
      response.write("one");
      await pause(60);
      response.end("two");
    },
    processor: (call) =>
      carryOn(call, {
        response_headers: () => call.say(asStreamed({ header_mutation: mutation({}, ["content-length"]) })),
        response_body: ({ response_body: body }) =>
          call.say(body?.body?.length ? withBody("response_body", "longer;") : go("response_body")),
      }),
    expect: ({ text, broken, headers }) =>
      expect([text, broken, headers["transfer-encoding"]]).toEqual(["longer;longer;", false, "chunked"]),
  },
  {
    name: "a whole answer in one packet is one piece with the end on it, and its length is checked",
    setup: "plain",
    ask: { body: "x" },
    processor: (call) =>
      carryOn(call, {
        response_headers: () => setTimeout(() => call.say(asStreamed()), 100),
        response_body: () => call.say(withBody("response_body", "another length")),
      }),
    violations: [/mismatch/],
    expect({ status: code, calls }) {
      expect(code).toBe(503);
      expect(calls[0]?.heard.at(-1)?.response_body).toMatchObject({
        body: Buffer.from('{"echo":"x"}'),
        end_of_stream: true,
      });
    },
  },
  {
    name: "mode_override in a body reply is ignored",
    setup: "plain",
    ask: { body: "x" },
    provider: inPieces("one", "two"),
    processor: (call) => carryOn(call, { request_body: () => call.say(go("request_body", {}, streamedMode)) }),
    violations: [/mode_override is ignored/],
    expect: ({ text, kinds }) => expect([text, kinds.length]).toEqual(["onetwo", 4]),
  },
  {
    name: "mode_override at the request's headers saves the other messages; a body mode that is not named is NONE",
    setup: "plain",
    ask: { body: "hello" },
    processor: (call) =>
      carryOn(call, {
        request_headers: () => call.say(go("request_headers", {}, { mode_override: { response_header_mode: 2 } })),
      }),
    expect({ text, kinds, calls }) {
      expect([text, kinds]).toEqual(['{"echo":"hello"}', ["request_headers"]]);
      expect(calls[0]?.ends.at(-1)).toBe("cancelled");
    },
  },
  {
    name: "a streamed_response breaks the answer",
    setup: "plain",
    ask: { body: "x" },
    provider: inPieces("one", "two"),
    processor: (call) =>
      carryOn(call, {
        response_headers: () => call.say(asStreamed()),
        response_body: () => call.say(duplexed("no", true)),
      }),
    violations: [/spurious message: response_body with streamed_response/],
    expect: ({ status: code, broken }) => expect([code, broken]).toEqual([200, true]),
  },
  ...(
    [
      ["an error status", (call) => call.fail(status.INTERNAL)],
      ["an immediate response", (call) => call.say(immediately(500))],
    ] as const satisfies readonly (readonly [string, (call: Parameters<Row["processor"]>[0]) => void])[]
  ).map(
    ([name, stop]): Row<SetupName> => ({
      name: `a terminal event, then ${name}: the caller sees the event, the provider is cut`,
      setup: "plain",
      ask: { body: "x" },
      provider: endless,
      processor: (call) =>
        carryOn(call, {
          response_headers: () => call.say(asStreamed()),
          response_body: async () => {
            if (call.heard.filter(({ response_body: body }) => body).length > 1) return;
            call.say(withBody("response_body", "event: error"));
            await pause(30);
            stop(call);
          },
        }),
      async expect({ text, broken, received }) {
        expect([text, broken]).toEqual(["event: error", true]);
        await until(() => received[0]?.aborted === true);
      },
    }),
  ),
  {
    name: "the provider breaks off: no end is told, the stream ends, the caller's connection breaks",
    setup: "plain",
    ask: { body: "x" },
    provider: cut,
    processor: (call) => carryOn(call, { response_headers: () => call.say(asStreamed()) }),
    expect({ text, broken, calls }) {
      expect([text, broken]).toEqual(["half", true]);
      expect(calls[0]?.heard.some(({ response_body: body }) => body?.end_of_stream)).toBe(false);
      expect(calls[0]?.ends).toEqual(["end", "cancelled"]);
    },
    log: { code: 200, details: "upstream_reset_after_response_started" },
  },
  {
    name: "closed with OK within the answer: the rest passes as it is",
    setup: "plain",
    ask: { body: "x" },
    provider: inPieces("one", "two", "three"),
    processor: (call) =>
      carryOn(call, {
        response_headers: () => call.say(asStreamed()),
        response_body: ({ response_body: body }) =>
          body?.body?.toString() === "two" ? call.close() : call.say(withBody("response_body", "ONE")),
      }),
    violations: [/closed with OK before the end/],
    expect: ({ text, broken }) => expect([text, broken]).toEqual(["ONEtwothree", false]),
  },
  {
    name: "CONTINUE_AND_REPLACE at the answer's headers: another body, the end comes with the provider's",
    setup: "plain",
    ask: { body: "x" },
    provider: inPieces("one", "two"),
    processor: (call) =>
      carryOn(call, {
        response_headers: () =>
          call.say(go("response_headers", { status: 1, body_mutation: { body: Buffer.from("ours") } })),
      }),
    expect: ({ text, broken, kinds }) => expect([text, broken, kinds.length]).toEqual(["ours", false, 3]),
  },
];
