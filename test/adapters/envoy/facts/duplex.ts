import type { Row } from "./lab.ts";
import { carryOn, duplexed, go, immediately, withBody } from "./messages.ts";
import { gate, pause, until } from "./moments.ts";
import { cut, endless, inPieces } from "./providing.ts";
import type { SetupName } from "./setups.ts";

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
