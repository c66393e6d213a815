import { status } from "@grpc/grpc-js";
import type { Row } from "./lab.ts";
import { go, immediately, withBody } from "./messages.ts";
import type { SetupName } from "./setups.ts";

/** §9.5: copies, and answers that count for nothing. */
export const tapped: readonly Row<SetupName>[] = [
  {
    name: "everything is shown, nothing is waited for, the stream outlives the request",
    setup: "tap",
    ask: { body: "hello" },
    processor: () => {},
    expect({ status: code, text, calls, kinds }) {
      expect([code, text]).toEqual([200, '{"echo":"hello"}']);
      expect([...new Set(kinds)]).toEqual(["request_headers", "request_body", "response_headers", "response_body"]);
      expect(calls[0]?.heard.every(({ observability_mode: observed }) => observed === true)).toBe(true);
      const ends = calls[0]?.heard.flatMap(({ request_body: request, response_body: response }) => {
        const body = request ?? response;
        return body?.end_of_stream ? [body.body?.toString() ?? ""] : [];
      });
      expect(ends).toHaveLength(2);
      expect(calls[0]?.ends).toEqual(["end", "cancelled"]);
    },
  },
  ...(
    [
      ["an immediate response", immediately(500, "no")],
      ["another body", withBody("request_body", "changed")],
      ["a spurious reply", go("response_body")],
    ] as const
  ).map(
    ([name, answer]): Row<SetupName> => ({
      name: `${name} counts for nothing`,
      setup: "tap",
      ask: { body: "hello" },
      async processor(call) {
        await call.next();
        call.say(answer);
      },
      violations: [/in answer to a copy/],
      expect: ({ status: code, text, received }) =>
        expect([code, text, received[0]?.body]).toEqual([200, '{"echo":"hello"}', "hello"]),
    }),
  ),
  ...(["close", "fail"] as const).map(
    (how): Row<SetupName> => ({
      name: `a processor that ends with ${how} is not missed`,
      setup: "tap",
      ask: { pieces: ["one", "two"] },
      async processor(call) {
        await call.next();
        if (how === "close") call.close();
        else call.fail(status.INTERNAL);
      },
      expect: ({ status: code, received }) => expect([code, received[0]?.body]).toEqual([200, "onetwo"]),
    }),
  ),
  {
    name: "a rewritten path is the provider's alone",
    setup: "rewriting",
    ask: { method: "GET", path: "/v1/models" },
    processor: () => {},
    expect({ received, calls }) {
      expect(received[0]?.url).toBe("/first/v1/models");
      const { headers = [] } = calls[0]?.heard[0]?.request_headers?.headers ?? {};
      expect(headers.find(({ key }) => key === ":path")?.raw_value?.toString()).toBe("/v1/models");
    },
  },
  {
    name: "no processor, failure allowed: no difference",
    setup: "nobodyTaps",
    ask: { body: "hello" },
    processor: () => {},
    expect: ({ status: code, text }) => expect([code, text]).toEqual([200, '{"echo":"hello"}']),
  },
  {
    name: "no processor, failure not allowed: 500",
    setup: "nobodyTapsStrictly",
    ask: { pieces: ["one", "two", "three"] },
    processor: () => {},
    expect: ({ status: code }) => expect(code).toBe(500),
  },
  {
    name: "a caller who leaves is not told of at once",
    setup: "tap",
    ask: { body: "x", patience: 200 },
    provider: () => {},
    processor: () => {},
    expect: ({ calls, kinds }) => {
      expect(kinds.includes("response_headers")).toBe(false);
      expect(calls[0]?.ends.at(-1)).toBe("cancelled");
    },
  },
];
