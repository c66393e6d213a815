import { status } from "@grpc/grpc-js";
import type { Row } from "./lab.ts";
import { go, head, immediately, piece } from "./messages.ts";
import { gate, pause } from "./moments.ts";
import type { SetupName } from "./setups.ts";

const sentinel = /the gateway did not answer/;

/** Opened once a paused processor has stalled the upload. */
const stalled = gate();

/** Opened once everything was written to a caller who reads nothing. */
const written = gate();

/** A table, longer than a file should be: one row a fact. §9.1: how a terminated call may end, and who is in its way. */
export const terminatedEnds: readonly Row<SetupName>[] = [
  {
    name: "closed with OK before the answer: a direct response is a sentinel",
    setup: "terminate",
    ask: { body: "x" },
    async processor(call) {
      await call.wholeRequest();
      call.close();
    },
    violations: [/closed with OK before the end/],
    expect({ status: code, text, received }) {
      expect([code, received.length]).toEqual([503, 0]);
      expect(text).toMatch(sentinel);
    },
  },
  {
    name: "closed with OK without any route",
    setup: "routeless",
    ask: { body: "x" },
    async processor(call) {
      await call.wholeRequest();
      call.close();
    },
    violations: [/closed with OK before the end/],
    expect: ({ status: code }) => expect(code).toBe(404),
    log: { code: 404, details: "route_not_found" },
  },
  {
    name: "closed with OK before the answer, a cluster behind: what comes later leaks",
    setup: "leaky",
    ask: { pieces: ["seen ", "unseen ", "unseen too"], headers: { authorization: "Bearer own" } },
    async processor(call) {
      await call.next();
      await call.next();
      call.close();
    },
    violations: [/closed with OK before the end/],
    expect({ status: code, received }) {
      expect(code).toBe(200);
      expect(received).toMatchObject([{ url: "/v1/chat", body: expect.stringMatching(/unseen too$/) }]);
      expect(received[0]?.body).not.toMatch(/^seen/);
      expect(received[0]?.headers.authorization).toBe("Bearer own");
    },
  },
  {
    name: "closed with OK after CONTINUE: the request goes on",
    setup: "leaky",
    ask: { pieces: ["seen ", "unseen"] },
    async processor(call) {
      await call.next();
      call.say(go("request_headers"));
      await call.next();
      call.close();
    },
    violations: [/closed with OK before the end/],
    expect: ({ status: code, received }) => expect([code, received[0]?.body]).toEqual([200, "unseen"]),
  },
  {
    name: "closed with OK within the answer: the caller hangs until the idle timeout",
    setup: "impatient",
    ask: { body: "x" },
    async processor(call) {
      await call.wholeRequest();
      call.say(head(200), piece("half"));
      call.close();
    },
    violations: [/closed with OK within the answer/],
    expect: ({ status: code, text, broken, hung }) =>
      expect([code, text, broken, hung]).toEqual([200, "half", true, false]),
  },
  ...(["INTERNAL", "UNIMPLEMENTED", "UNAVAILABLE"] as const).map(
    (code): Row<SetupName> => ({
      name: `${code} before the answer`,
      setup: "leaky",
      ask: { body: "x" },
      async processor(call) {
        await call.wholeRequest();
        call.fail(status[code]);
      },
      expect: ({ status: got, text, received }) => expect([got, text, received.length]).toEqual([503, "", 0]),
    }),
  ),
  {
    name: "an error within the answer breaks it",
    setup: "terminate",
    ask: { body: "x" },
    async processor(call) {
      await call.wholeRequest();
      call.say(head(200), piece("half"));
      await pause(50);
      call.fail(status.INTERNAL);
    },
    expect: ({ status: code, text, broken, hung }) =>
      expect([code, text, broken, hung]).toEqual([200, "half", true, false]),
  },
  {
    name: "an immediate response within the answer breaks it",
    setup: "terminate",
    ask: { body: "x" },
    async processor(call) {
      await call.wholeRequest();
      call.say(head(200), piece("half"));
      await pause(50);
      call.say(immediately(500, "no"));
    },
    expect: ({ status: code, text, broken, hung }) =>
      expect([code, text, broken, hung]).toEqual([200, "half", true, false]),
  },
  {
    name: "no processor",
    setup: "nobody",
    ask: { body: "x" },
    processor: () => {},
    expect: ({ status: code, text, calls }) => expect([code, text, calls.length]).toEqual([503, "", 0]),
  },
  {
    name: "silence before the head ends with the idle timeout",
    setup: "impatient",
    ask: { body: "x" },
    processor: () => {},
    expect: ({ status: code, text, calls }) =>
      expect([code, text, calls[0]?.ends.at(-1)]).toEqual([504, "stream timeout", "cancelled"]),
    log: { code: 504, details: "stream_idle_timeout" },
  },
  {
    name: "silence within the answer ends with the idle timeout, which every piece restarts",
    setup: "impatient",
    ask: { body: "x" },
    async processor(call) {
      await call.wholeRequest();
      call.say(head(200));
      for (let number = 0; number < 4; number++) {
        call.say(piece(`${number}`));
        await pause(250);
      }
    },
    expect: ({ text, broken, hung }) => expect([text, broken, hung]).toEqual(["0123", true, false]),
  },
  {
    name: "a caller who leaves within the answer: end, then cancelled",
    setup: "terminate",
    ask: { body: "x", leaveAt: "first" },
    async processor(call) {
      await call.wholeRequest();
      call.say(head(200), piece("first"));
    },
    expect: ({ calls }) => expect(calls[0]?.ends).toEqual(["end", "cancelled"]),
  },
  {
    name: "a caller who leaves within the upload: end, then cancelled",
    setup: "terminate",
    ask: { pieces: ["one"], open: true, patience: 200 },
    processor: () => {},
    expect: ({ calls }) => expect(calls[0]?.ends).toEqual(["end", "cancelled"]),
  },
  {
    name: "10 MB arrive whole",
    setup: "terminate",
    ask: { body: "z".repeat(10_000_000) },
    async processor(call) {
      const { length } = await call.wholeRequest();
      call.say(immediately(200, String(length)));
    },
    expect: ({ text }) => expect(text).toBe("10000000"),
  },
  {
    name: "a processor that does not read stalls the upload, and loses nothing of it",
    setup: "terminate",
    ask: { pieces: Array.from({ length: 100 }, () => "y".repeat(1_000_000)), stalled: stalled.open },
    async processor(call) {
      call.pause();
      await stalled.opened();
      call.resume();
      call.say(immediately(200, String((await call.wholeRequest()).length)));
    },
    expect: ({ text }) => expect(text).toBe("100000000"),
  },
  {
    name: "a caller who does not read does not slow the processor",
    setup: "terminate",
    ask: { body: "x", pausedUntil: written.opened },
    async processor(call) {
      await call.wholeRequest();
      call.say(head(200));
      for (let number = 0; number < 40; number++) {
        if (!call.write(piece("z".repeat(1_000_000)))) await call.drained();
      }
      written.open();
      call.say(piece("", true));
    },
    expect: ({ text, broken }) => expect([text.length, broken]).toEqual([40_000_000, false]),
  },
  {
    name: "trailers of HTTP 1.1 are dropped",
    setup: "terminate",
    ask: { body: "x" },
    async processor(call) {
      await call.wholeRequest();
      const trailers = { headers: [{ key: "x-sum", raw_value: Buffer.from("1") }] };
      call.say(head(200), piece("ok"), { streamed_immediate_response: { trailers_response: trailers } });
    },
    expect: ({ text, trailers, broken }) => expect([text, trailers, broken]).toEqual(["ok", {}, false]),
  },
  {
    name: "trailers of HTTP 1.1 pass where they are enabled",
    setup: "trailing",
    ask: { body: "x" },
    async processor(call) {
      await call.wholeRequest();
      const trailers = { headers: [{ key: "x-sum", raw_value: Buffer.from("1") }] };
      call.say(head(200), piece("ok"), { streamed_immediate_response: { trailers_response: trailers } });
    },
    expect: ({ text, trailers, broken }) => expect([text, trailers, broken]).toEqual(["ok", { "x-sum": "1" }, false]),
  },
  {
    name: "Expect is answered by Envoy, the processor hears nothing of it",
    setup: "terminate",
    ask: { body: "x", headers: { expect: "100-continue" } },
    async processor(call) {
      call.say(immediately(200, await call.wholeRequest()));
    },
    expect: ({ status: code, text }) => expect([code, text]).toEqual([200, "x"]),
  },
  {
    name: "an upgrade is refused before the processor",
    setup: "terminate",
    ask: { method: "GET", headers: { connection: "upgrade", upgrade: "websocket" } },
    processor: () => {},
    expect: ({ status: code, calls }) => expect([code, calls.length]).toEqual([403, 0]),
  },
];
