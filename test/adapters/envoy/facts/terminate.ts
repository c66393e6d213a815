import type { Row } from "./lab.ts";
import { go, head, immediately, metadata, mutation, piece, set } from "./messages.ts";
import { pause } from "./moments.ts";
import type { SetupName } from "./setups.ts";

/** A table, longer than a file should be: one row a fact. §9.1: how a terminated call may be answered. */
export const terminated: readonly Row<SetupName>[] = [
  {
    name: "an answer without a reply to request_headers",
    setup: "terminate",
    ask: { body: "hello" },
    async processor(call) {
      const body = await call.wholeRequest();
      call.say(head(200, { "content-type": "text/event-stream" }), piece(`${body} `), piece("again", true));
    },
    expect({ status: code, headers, text, broken, kinds, calls }) {
      expect([code, text, broken]).toEqual([200, "hello again", false]);
      expect([headers["content-type"], headers["transfer-encoding"]]).toEqual(["text/event-stream", "chunked"]);
      expect([...new Set(kinds)]).toEqual(["request_headers", "request_body"]);
      const [first, ...rest] = calls[0]?.heard ?? [];
      expect(first?.protocol_config).toMatchObject({ request_body_mode: 4 });
      expect(first?.attributes?.["envoy.filters.http.ext_proc"]?.fields?.["source.address"]?.stringValue).toMatch(
        /^127/,
      );
      expect(rest.at(-1)?.request_body?.end_of_stream).toBe(true);
      // A reset is the normal end.
      expect(calls[0]?.ends.at(-1)).toBe("cancelled");
    },
    log: { code: 200 },
  },
  {
    name: "headers as they arrive: lower case, pseudo-headers, raw values, a normal path",
    setup: "terminate",
    ask: { path: "//v1/./x/../chat?a=b//c", headers: { "X-Some": "Value", connection: "close" }, body: "x" },
    async processor(call) {
      await call.wholeRequest();
      call.say(head(204, {}, true));
    },
    expect({ status: code, calls }) {
      expect(code).toBe(204);
      const { headers = [] } = calls[0]?.heard[0]?.request_headers?.headers ?? {};
      const told = Object.fromEntries(headers.map(({ key, raw_value: raw }) => [key, raw?.toString("latin1")]));
      expect(told).toMatchObject({
        ":method": "POST",
        ":path": "/v1/chat?a=b//c",
        ":scheme": "http",
        "x-some": "Value",
      });
      expect(told[":authority"]).toMatch(/^127\.0\.0\.1:\d+$/);
      expect(headers.every(({ value = "" }) => value === "")).toBe(true);
      expect(Object.keys(told)).not.toEqual(expect.arrayContaining(["connection"]));
      expect(told.host ?? told["transfer-encoding"]).toBeUndefined();
    },
  },
  {
    name: "a bodyless request ends with its headers",
    setup: "terminate",
    ask: { method: "GET", path: "/v1/models" },
    async processor(call) {
      await call.wholeRequest();
      call.say(head(200), piece("{}", true));
    },
    expect({ text, calls }) {
      expect(text).toBe("{}");
      expect(calls[0]?.heard.map(({ request_headers: each }) => each?.end_of_stream)).toEqual([true]);
    },
  },
  {
    name: "pieces reach the caller one by one, empty ones do no harm",
    setup: "terminate",
    ask: { body: "x" },
    async processor(call) {
      await call.wholeRequest();
      call.say(head(200));
      for (const each of ["one", "", "two", "three"]) {
        call.say(piece(each));
        await pause(60);
      }
      call.say(piece("", true));
    },
    expect({ pieces }) {
      expect(pieces).toEqual(["one", "two", "three"]);
    },
  },
  {
    name: "a piece after the end is ignored",
    setup: "terminate",
    ask: { body: "x" },
    async processor(call) {
      await call.wholeRequest();
      call.say(head(200), piece("all", true), piece("more"));
    },
    expect: ({ text, broken }) => expect([text, broken]).toEqual(["all", false]),
  },
  {
    name: "CONTINUE first, then an answer: spurious",
    setup: "terminate",
    ask: { body: "x" },
    async processor(call) {
      await call.wholeRequest();
      call.say(go("request_headers"), head(200), piece("late", true));
    },
    violations: [/spurious message: streamed_immediate_response/],
    expect: ({ status: code, text }) => expect([code, text]).toEqual([503, ""]),
  },
  {
    name: "an answer before the request's end is broken",
    setup: "terminate",
    lines: ["1.40"],
    ask: { pieces: ["one"], open: true, patience: 2_000 },
    async processor(call) {
      await call.next();
      await call.next();
      call.say(head(200), piece("early"), piece("", true));
    },
    violations: [/before the request's end/],
    expect: ({ status: code, broken }) => expect([code, broken]).toEqual([200, true]),
  },
  {
    name: "an early refusal stops the upload",
    setup: "terminate",
    ask: { pieces: Array.from({ length: 20 }, () => "y".repeat(1_000_000)) },
    async processor(call) {
      await call.next();
      await call.next();
      call.say(immediately(413, "too large", mutation({ "content-type": "application/json" })));
    },
    expect({ status: code, text, headers, calls }) {
      expect([code, text, headers["content-type"]]).toEqual([413, "too large", "application/json"]);
      const size = calls[0]?.heard.reduce((sum, each) => sum + (each.request_body?.body?.length ?? 0), 0);
      expect(size).toBeLessThan(20_000_000);
    },
  },
  {
    name: "a refusal at the headers",
    setup: "terminate",
    ask: { body: "x" },
    async processor(call) {
      await call.next();
      call.say(immediately(401));
    },
    expect: ({ status: code, text, headers }) =>
      expect([code, text, headers["content-length"]]).toEqual([401, "", "0"]),
  },
  {
    name: "a whole answer at once: length by Envoy, cookies appended",
    setup: "terminate",
    ask: { body: "x" },
    async processor(call) {
      await call.wholeRequest();
      const cookies = ["a=1", "b=2"].map((each) => set("set-cookie", each, { append: { value: true } }));
      call.say(immediately(200, "z".repeat(5_000_000), { set_headers: cookies }));
    },
    expect({ text, headers }) {
      expect(text).toHaveLength(5_000_000);
      expect([headers["content-length"], headers["set-cookie"]]).toEqual(["5000000", ["a=1", "b=2"]]);
      expect(headers["content-type"]).toBe("text/plain");
    },
  },
  {
    name: "of a repeated key in the head the last is kept",
    setup: "terminate",
    ask: { body: "x" },
    async processor(call) {
      await call.wholeRequest();
      const values = [":status", "200", "set-cookie", "a=1", "set-cookie", "b=2"];
      const headers = [0, 2, 4].map((at) => ({ key: values[at] ?? "", raw_value: Buffer.from(values[at + 1] ?? "") }));
      call.say({ streamed_immediate_response: { headers_response: { headers: { headers }, end_of_stream: true } } });
    },
    violations: [/only the last is kept/],
    expect: ({ headers }) => expect(headers["set-cookie"]).toEqual(["b=2"]),
  },
  {
    name: "a value without raw_value is empty",
    setup: "terminate",
    ask: { body: "x" },
    async processor(call) {
      await call.wholeRequest();
      const headers = [
        { key: ":status", raw_value: Buffer.from("200") },
        { key: "x-lost", value: "text" },
      ];
      call.say({ streamed_immediate_response: { headers_response: { headers: { headers }, end_of_stream: true } } });
    },
    violations: [/without raw_value/],
    expect: ({ status: code, headers }) => expect([code, headers["x-lost"]]).toEqual([200, ""]),
  },
  {
    name: "a status without raw_value fails the answer",
    setup: "terminate",
    ask: { body: "x" },
    async processor(call) {
      await call.wholeRequest();
      const headers = [{ key: ":status", value: "200" }];
      call.say({ streamed_immediate_response: { headers_response: { headers: { headers }, end_of_stream: true } } });
    },
    violations: [/without raw_value/, /invalid :status/],
    expect: ({ status: code }) => expect(code).toBe(503),
  },
  ...[402, 425, 429, 451, 499, 529, 599].map(
    (code): Row<SetupName> => ({
      name: `status ${code} passes as given`,
      setup: "terminate",
      ask: { body: "x" },
      async processor(call) {
        await call.wholeRequest();
        call.say(code % 2 ? head(code, {}, true) : immediately(code));
      },
      expect: ({ status: got, broken }) => expect([got, broken]).toEqual([code, false]),
    }),
  ),
  ...(
    [
      ["status 99", head(99, {}, true), 503, /invalid :status/],
      [
        "no status",
        { streamed_immediate_response: { headers_response: { headers: { headers: [] }, end_of_stream: true } } },
        502,
        /no :status/,
      ],
      ["a body before its head", piece("x", true), 503, /body before headers/],
    ] as const
  ).map(
    ([name, answer, code, violation]): Row<SetupName> => ({
      name,
      setup: "terminate",
      ask: { body: "x" },
      async processor(call) {
        await call.wholeRequest();
        call.say(answer);
      },
      violations: [violation],
      expect: ({ status: got }) => expect(got).toBe(code),
    }),
  ),
  {
    name: "HEAD with a content-length",
    setup: "terminate",
    ask: { method: "HEAD" },
    async processor(call) {
      await call.wholeRequest();
      call.say(head(200, { "content-length": "12" }, true));
    },
    expect: ({ status: code, headers, broken }) =>
      expect([code, headers["content-length"], broken]).toEqual([200, "12", false]),
  },
  {
    name: "a content-length is passed on unverified",
    setup: "impatient",
    ask: { body: "x", patience: 2_000 },
    async processor(call) {
      await call.wholeRequest();
      call.say(head(200, { "content-length": "12" }), piece("short", true));
    },
    violations: [/content-length 12, but the body has 5 bytes/],
    expect: ({ text, broken, hung }) => expect([text, broken || hung]).toEqual(["short", true]),
  },
  {
    name: "dynamic metadata on the head and on a piece is kept for the access log",
    setup: "terminate",
    ask: { body: "x" },
    async processor(call) {
      await call.wholeRequest();
      call.say({ ...head(200), ...metadata({ model: "m" }) }, { ...piece("ok", true), ...metadata({ tokens: 7 }) });
    },
    expect: ({ text }) => expect(text).toBe("ok"),
    log: { code: 200, metadata: { model: "m", tokens: 7 } },
  },
  {
    name: "dynamic metadata on an immediate response",
    setup: "terminate",
    ask: { body: "x" },
    async processor(call) {
      await call.wholeRequest();
      call.say({ ...immediately(402, "no"), ...metadata({ code: "budget_exceeded" }) });
    },
    expect: ({ status: code }) => expect(code).toBe(402),
    log: { code: 402, metadata: { code: "budget_exceeded" } },
  },
];
