import { status } from "@grpc/grpc-js";
import { gate, type Providing, type Row, until } from "./lab.ts";
import { carryOn, duplexed, go, immediately, mutation, withBody } from "./messages.ts";
import type { SetupName } from "./setups.ts";

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const streamedMode = { mode_override: { response_body_mode: 1 } };
const asStreamed = (common = {}) => go("response_headers", common, streamedMode);

/** An answer in pieces that come apart from each other, chunked. */
const inPieces =
  (...pieces: readonly string[]): Providing =>
  async (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    for (const each of pieces) {
      await pause(40);
      response.write(each);
    }
    await pause(40);
    response.end();
  };

/** One that begins, and only ends when it is cut; a second piece follows when it is asked for. */
const endless: Providing = async (_request, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.flushHeaders();
  for (let number = 0; number < 50 && !response.destroyed; number++) {
    response.write(`piece ${number};`);
    await pause(40);
  }
  response.end();
};

/** Breaks off within its body. */
const cut: Providing = async (_request, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write("half");
  await pause(100);
  response.destroy();
};

/** §9.2: STREAMED by `mode_override`. */
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

const read = gate();
const long = "z".repeat(65_536);

/** §9.2: FULL_DUPLEX_STREAMED. */
export const duplex: readonly Row<SetupName>[] = [
  {
    name: "pieces go out as many, and when, the processor likes; headers wait for it",
    setup: "duplex",
    ask: { body: "x" },
    provider: inPieces("one", "two", "three"),
    processor(call) {
      let bodies = 0;
      return carryOn(call, {
        response_headers: () => {},
        response_body: ({ response_body: body }) => {
          if (++bodies === 2) call.say(go("response_headers"), duplexed("a"), duplexed("b"), duplexed("c"));
          if (body?.end_of_stream) call.say(duplexed("", false), duplexed("last", true));
        },
      });
    },
    expect: ({ text, broken, headers, calls }) => {
      expect([text, broken, headers["transfer-encoding"]]).toEqual(["abclast", false, "chunked"]);
      expect(calls[0]?.heard[0]?.protocol_config?.response_body_mode).toBe(4);
    },
  },
  {
    name: "silence has no timeout, a whole answer loses its length",
    setup: "duplex",
    ask: { body: "x" },
    processor: (call) =>
      carryOn(call, {
        response_headers: () => {},
        response_body: ({ response_body: body }) => {
          if (!body?.end_of_stream) return;
          setTimeout(() => call.say(go("response_headers"), duplexed("longer than it was", true)), 1_000);
        },
      }),
    expect: ({ text, headers }) =>
      expect([text, headers["content-length"], headers["transfer-encoding"]]).toEqual([
        "longer than it was",
        undefined,
        "chunked",
      ]),
  },
  {
    name: "an early end is a clean one, and the provider is cut",
    setup: "duplex",
    ask: { body: "x" },
    provider: endless,
    processor: (call) => carryOn(call, { response_body: () => call.say(duplexed("terminal event", true)) }),
    async expect({ status: code, text, broken, received, calls }) {
      expect([code, text, broken]).toEqual([200, "terminal event", false]);
      await until(() => received[0]?.aborted === true);
      expect(calls[0]?.ends.at(-1)).toBe("cancelled");
    },
  },
  {
    name: "a plain reply breaks the answer",
    setup: "duplex",
    ask: { body: "x" },
    provider: inPieces("one", "two"),
    processor: (call) => carryOn(call, { response_body: () => call.say(withBody("response_body", "no")) }),
    violations: [/without streamed_response/],
    expect: ({ status: code, broken }) => expect([code, broken]).toEqual([200, true]),
  },
  {
    name: "closed with OK within the answer: what it had in hand is lost, the rest passes",
    setup: "duplex",
    ask: { body: "x" },
    provider: inPieces("one", "two", "three"),
    processor: (call) =>
      carryOn(call, {
        response_body: ({ response_body: body }) =>
          body?.body?.toString() === "two" ? call.close() : call.say(duplexed("ONE")),
      }),
    violations: [/closed with OK before the end/],
    expect: ({ text, broken }) => expect([text, broken]).toEqual(["ONEthree", false]),
  },
  {
    name: "the provider breaks off within a duplex answer",
    setup: "duplex",
    ask: { body: "x" },
    provider: cut,
    processor: (call) => carryOn(call, { response_body: () => call.say(duplexed("HALF")) }),
    expect({ text, broken, calls }) {
      expect([text, broken]).toEqual(["HALF", true]);
      expect(calls[0]?.heard.some(({ response_body: body }) => body?.end_of_stream)).toBe(false);
    },
  },
  {
    name: "an immediate response instead of the headers: clean",
    setup: "duplex",
    ask: { body: "x" },
    provider: endless,
    processor: (call) => carryOn(call, { response_headers: () => call.say(immediately(502, "no")) }),
    async expect({ status: code, text, broken, received }) {
      expect([code, text, broken]).toEqual([502, "no", false]);
      await until(() => received[0]?.aborted === true);
    },
  },
  {
    name: "a caller who does not read stalls the provider",
    setup: "duplex",
    ask: { body: "x", pausedUntil: read.opened },
    async provider(_request, response) {
      response.writeHead(200);
      let stalled = false;
      for (let number = 0; number < 3_000 && !stalled; number++) {
        if (response.write(long)) continue;
        const drained = new Promise<boolean>((resolve) => response.once("drain", () => resolve(false)));
        stalled = await Promise.race([drained, pause(700).then(() => true)]);
      }
      read.open();
      response.end(stalled ? "stalled" : "never stalled");
    },
    processor: (call) =>
      carryOn(call, {
        response_body: ({ response_body: body }) =>
          call.say(duplexed(body?.body ?? Buffer.alloc(0), body?.end_of_stream === true)),
      }),
    expect: ({ text, broken }) => expect([text.slice(-7), broken]).toEqual(["stalled", false]),
  },
];
