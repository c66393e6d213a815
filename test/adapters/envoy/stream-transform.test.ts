import { gzipSync } from "node:zlib";
import { answerWith, askedIn } from "../../../adapters/testing-wire.ts";
import { createFakeClock } from "../../doubles/clock.ts";
import { asking, chunk, done, email, saidIn, secret, until } from "../scene.ts";
import {
  body,
  type Conversation,
  codes,
  headerMap,
  opening,
  type Protocol,
  protocols,
  type Said,
  STREAMED,
  setBy,
  text,
} from "./client.ts";
import { type Lab, type LabOptions, startLab } from "./lab.ts";

type Framing = "buffered" | "streamed" | "duplex";
const framings: readonly Framing[] = ["buffered", "streamed", "duplex"];

let lab: Lab;
const begin = async (options: LabOptions = {}): Promise<void> => {
  lab = await startLab({ ...options, processor: { mode: "transform", ...options.processor } });
};
afterEach(() => lab.close());

const json = { "content-type": "application/json" };
const sse = { "content-type": "text/event-stream; charset=utf-8" };

const head = (status: number, headers: Readonly<Record<string, string>>, endOfStream = false): object => ({
  responseHeaders: { headers: headerMap({ ":status": String(status), ...headers }), endOfStream },
});

/** A request that was let through to its target, as Envoy does it with a buffered body. */
async function sent(
  framing: Framing,
  content: string,
  fields: object = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<{ call: Conversation; left: NonNullable<Said["requestBody"]> }> {
  const call = lab.client.talk();
  const { body: request = "" } = asking(content, fields);
  call.send(opening({ protocol: protocols[framing], headers }));
  expect((await call.next()).requestHeaders).toBeDefined();
  call.send(body("request", request, true));
  const { requestBody } = await call.next();
  if (requestBody === undefined) throw new Error("it was not let through");
  return { call, left: requestBody };
}

const changedBody = ({ response }: NonNullable<Said["requestBody"]>): string => text(response?.bodyMutation?.body);

/** What the caller gets of one reply to a piece of an answer, and whether it ends it. */
function pieceOf({ responseBody }: Said): { text: string; last: boolean } {
  const mutation = responseBody?.response?.bodyMutation;
  const streamed = mutation?.streamedResponse;
  return { text: text(streamed?.body ?? mutation?.body), last: streamed?.endOfStream ?? false };
}

/** Sends an answer's pieces and an empty end; everything that the caller gets of them. */
async function relayed(
  call: Conversation,
  framing: Framing,
  pieces: readonly (string | Uint8Array)[],
): Promise<string> {
  let content = "";
  for (const [at, piece] of [...pieces, ""].entries()) {
    call.send(body("response", piece, at === pieces.length));
    if (framing !== "duplex") content += pieceOf(await call.next()).text;
  }
  if (framing !== "duplex") return content;
  for (;;) {
    const piece = pieceOf(await call.next());
    content += piece.text;
    if (piece.last) return content;
  }
}

const errorOf = (said: Said): { status: number | undefined; code: unknown } => ({
  status: said.immediateResponse?.status.code,
  code: (JSON.parse(text(said.immediateResponse?.body)) as { error: { code: unknown } }).error.code,
});

describe("transform: the request", () => {
  it("leaves for the target that the engine chose, with its route, path, credential and length", async () => {
    await begin();
    const { call, left } = await sent(
      "buffered",
      `Write to ${email}.`,
      {},
      { cookie: "a=b", "x-forwarded-for": "10.0.0.9" },
    );
    const { headerMutation, clearRouteCache } = left.response ?? {};
    const changed = changedBody(left);
    expect(changed).toContain("[EMAIL_1]");
    expect(changed).not.toContain(email);
    expect(setBy(headerMutation)).toMatchObject({
      ":path": "/first/v1/chat/completions",
      "x-postern-route": "first",
      authorization: "Bearer sk-operator",
      "accept-encoding": "identity",
      "content-length": String(Buffer.byteLength(changed)),
    });
    expect(setBy(headerMutation)).not.toHaveProperty("host");
    expect(headerMutation?.removeHeaders).toEqual(["cookie", "x-forwarded-for"]);
    // Without it Envoy keeps the route of the caller's own head.
    expect(clearRouteCache).toBe(true);
    call.reset();
  });

  it("takes away the route that a caller names before anything else happens", async () => {
    await begin();
    const call = lab.client.talk();
    call.send(opening({ protocol: protocols.buffered, headers: { "x-postern-route": "second" } }));
    const { response } = (await call.next()).requestHeaders ?? {};
    expect(response?.headerMutation?.removeHeaders).toEqual(["x-postern-route"]);
    expect(response?.clearRouteCache).toBe(true);
    call.send(body("request", asking("Hi.").body ?? "", true));
    expect(setBy((await call.next()).requestBody?.response?.headerMutation)["x-postern-route"]).toBe("first");
    call.reset();
  });

  it("refuses at the head, before the body is there", async () => {
    await begin();
    const call = lab.client.talk();
    call.send(opening({ protocol: protocols.buffered, headers: { authorization: "Bearer nobody" } }));
    expect(errorOf(await call.next())).toEqual({ status: 401, code: "unknown_key" });
    call.reset();
  });

  it.each([
    ["a secret", `My token is ${secret}`, {}, {}, 400, "secret_blocked"],
    [
      "a budget",
      "Hi.",
      { max_tokens: 100_000, stream: true, n: 100 },
      { authorization: "Bearer psk_poor" },
      402,
      "budget_exceeded",
    ],
    ["a model", "Hi.", { model: "nothing" }, {}, 404, "model_not_found"],
    ["a body that is too large", "x".repeat(2_000), {}, {}, 413, "body_too_large"],
  ])("refuses in reply to the body: %s", async (_what, content, fields, headers, status, code) => {
    await begin({ overrides: { limits: { body: "1 KB" } } });
    const call = lab.client.talk();
    call.send(opening({ protocol: protocols.buffered, headers }));
    expect((await call.next()).requestHeaders).toBeDefined();
    call.send(body("request", asking(content, fields).body ?? "", true));
    expect(errorOf(await call.next())).toEqual({ status, code });
    call.reset();
    await lab.settled(1);
  });

  it("answers itself what needs no provider", async () => {
    await begin();
    const call = lab.client.talk();
    call.send(
      opening({ protocol: protocols.duplex, endOfStream: true, headers: { ":method": "GET", ":path": "/v1/models" } }),
    );
    expect((await call.next()).immediateResponse?.status.code).toBe(200);
    call.reset();
  });

  it("says in the caller's language that the body was too large for Envoy's own buffer", async () => {
    await begin();
    const call = lab.client.talk();
    call.send(opening({ protocol: protocols.buffered }));
    await call.next();
    call.send(head(413, { "content-type": "text/plain" }));
    expect(errorOf(await call.next())).toEqual({ status: 413, code: "body_too_large" });
    call.reset();
    await lab.settled(1);
  });
});

describe.each(framings)("transform: answers, %s", (framing) => {
  it("restores a whole answer", async () => {
    await begin();
    const { call, left } = await sent(framing, `Write to ${email}.`);
    const { pieces } = answerWith(askedIn("/v1/chat/completions", changedBody(left)), "To [EMAIL_1].");
    call.send(head(200, { ...json, "content-length": "1", "set-cookie": "a=b", "x-envoy-upstream-service-time": "1" }));
    const { responseHeaders, modeOverride } = await call.next();
    const { setHeaders, removeHeaders } = responseHeaders?.response?.headerMutation ?? {};
    expect(removeHeaders).toEqual(["content-length", "set-cookie"]);
    expect(setBy({ setHeaders: setHeaders ?? [] })).toMatchObject({ ":status": "200", "x-postern-target": "first" });
    expect(modeOverride).toBeFalsy();
    if (framing === "buffered") {
      call.send(body("response", pieces[0] ?? "", true));
      const reply = await call.next();
      const restored = pieceOf(reply).text;
      expect(saidIn(restored)).toBe(`To ${email}.`);
      expect(setBy(reply.responseBody?.response?.headerMutation)["content-length"]).toBe(
        String(Buffer.byteLength(restored)),
      );
    } else expect(saidIn(await relayed(call, framing, pieces))).toBe(`To ${email}.`);
    call.reset();
    await lab.settled(1);
    expect(lab.receipts[0]).toMatchObject({ outcome: "answered", target: "first" });
  });

  it("restores a stream, whose framing it asks for", async () => {
    await begin();
    const { call } = await sent(framing, `Write to ${email}.`, { stream: true });
    call.send(head(200, { ...sse, "content-length": "999" }));
    const { responseHeaders, modeOverride } = await call.next();
    expect(responseHeaders?.response?.headerMutation?.removeHeaders).toContain("content-length");
    expect(modeOverride?.responseBodyMode).toBe(framing === "buffered" ? STREAMED : undefined);
    const stream = await relayed(call, framing, [chunk({ content: "To [EMA" }), chunk({ content: "IL_1]." }), ...done]);
    expect(saidIn(stream)).toBe(`To ${email}.`);
    call.reset();
    await lab.settled(1);
  });

  it("takes a stream that comes in one piece with its end", async () => {
    await begin();
    const { call } = await sent(framing, `Write to ${email}.`, { stream: true });
    call.send(head(200, sse));
    await call.next();
    call.send(body("response", [chunk({ content: "To [EMAIL_1]." }), ...done].join(""), true));
    expect(saidIn(pieceOf(await call.next()).text)).toBe(`To ${email}.`);
    call.reset();
    await lab.settled(1);
  });

  it("undoes a content-encoding, piece by piece", async () => {
    await begin();
    const { call } = await sent(framing, `Write to ${email}.`, { stream: true });
    call.send(head(200, { ...sse, "content-encoding": "gzip" }));
    expect((await call.next()).responseHeaders?.response?.headerMutation?.removeHeaders).toContain("content-encoding");
    const encoded = gzipSync([chunk({ content: "To [EMAIL_1]." }), ...done].join(""));
    const stream = await relayed(call, framing, [
      encoded.subarray(0, 9),
      encoded.subarray(9, 60),
      encoded.subarray(60),
    ]);
    expect(saidIn(stream)).toBe(`To ${email}.`);
    call.reset();
    await lab.settled(1);
  });

  it("does not let an encoded answer through that it cannot undo", async () => {
    await begin();
    const { call } = await sent(framing, "Hi.");
    call.send(head(200, { ...json, "content-encoding": "compress" }));
    expect(errorOf(await call.next())).toEqual({ status: 502, code: "upstream_invalid" });
    call.reset();
    await lab.settled(1);
  });

  it("passes a provider's error on, restored", async () => {
    await begin();
    const { call } = await sent(framing, `Write to ${email}.`);
    call.send(head(429, json));
    expect(setBy((await call.next()).responseHeaders?.response?.headerMutation)[":status"]).toBe("429");
    const error = JSON.stringify({ error: { message: "not [EMAIL_1]", type: "rate_limit_error" } });
    if (framing === "buffered") call.send(body("response", error, true));
    const content = framing === "buffered" ? pieceOf(await call.next()).text : await relayed(call, framing, [error]);
    expect(content).toContain(`not ${email}`);
    call.reset();
    await lab.settled(1);
  });

  it("keeps its own key's refusal from the caller", async () => {
    await begin();
    const { call } = await sent(framing, "Hi.");
    call.send(head(401, json));
    expect(setBy((await call.next()).responseHeaders?.response?.headerMutation)[":status"]).toBe("502");
    const error = JSON.stringify({ error: { message: "Incorrect API key: sk-operator" } });
    if (framing === "buffered") call.send(body("response", error, true));
    const content = framing === "buffered" ? pieceOf(await call.next()).text : await relayed(call, framing, [error]);
    expect(content).toContain("upstream_credentials");
    expect(content).not.toContain("sk-operator");
    call.reset();
    await lab.settled(1);
  });

  it("tells in the caller's language that Envoy could not reach the provider", async () => {
    await begin();
    const { call } = await sent(framing, "Hi.");
    call.send(head(503, { "content-type": "text/plain" }));
    expect(errorOf(await call.next())).toEqual({ status: 502, code: "upstream_unreachable" });
    call.reset();
    await lab.settled(1);
    expect(lab.receipts[0]?.attempts[0]).toMatchObject({ target: "first", code: "upstream_unreachable" });
  });

  it("answers without a body, and puts its own in place of one that is not for the caller", async () => {
    await begin();
    const { call } = await sent(framing, "Hi.");
    call.send(head(401, { "content-length": "0" }, true));
    expect(errorOf(await call.next())).toEqual({ status: 502, code: "upstream_credentials" });
    call.reset();
    const empty = await sent(framing, "Hi.");
    empty.call.send(head(204, {}, true));
    expect(setBy((await empty.call.next()).responseHeaders?.response?.headerMutation)[":status"]).toBe("204");
    empty.call.reset();
    await lab.settled(2);
  });

  it("bills what had come when the caller left", async () => {
    await begin();
    const { call } = await sent(framing, "Hi.", { stream: true });
    call.send(head(200, sse));
    await call.next();
    call.send(body("response", chunk({ content: "Half" })));
    await call.next();
    call.halfClose();
    expect((await call.ended).code).toBe(codes.cancelled);
    await lab.settled(1);
    expect(lab.receipts[0]?.outcome).toBe("aborted");
  });

  it("ends with an error where a stream breaks that the caller has seen, never well", async () => {
    await begin();
    const { call } = await sent(framing, "Hi.", { stream: true });
    call.send(head(200, { ...sse, "content-encoding": "gzip" }));
    await call.next();
    call.send(body("response", gzipSync(chunk({ content: "Half" })).subarray(0, 20)));
    call.send(body("response", Buffer.alloc(50, 0xff)));
    call.send(body("response", "", true));
    const said = await Promise.race([
      call.ended.then(() => undefined),
      until(() => call.said.some(endsIt)).then(() => true),
    ]);
    expect(said).toBe(true);
    expect(call.said.map((each) => pieceOf(each).text).join("")).toContain('"code":"upstream_');
    call.reset();
    await lab.settled(1);
    expect(lab.receipts[0]?.outcome).toBe("failed");
  });
});

/** An error event of the protocol has been said. */
const endsIt = (said: Said): boolean => pieceOf(said).text.includes('"error"');

describe("transform: whole answers that cannot be read", () => {
  it("are replaced while the caller has seen nothing (buffered)", async () => {
    await begin();
    const { call } = await sent("buffered", "Hi.");
    call.send(head(200, json));
    await call.next();
    call.send(body("response", '{"choices":[', true));
    expect((await call.next()).immediateResponse?.status.code).toBeGreaterThanOrEqual(500);
    call.reset();
    await lab.settled(1);
    expect(lab.receipts[0]?.outcome).toBe("failed");
  });

  it.each(["streamed", "duplex"] as const)(
    "break the connection where the caller has the head (%s)",
    async (framing) => {
      await begin();
      const { call } = await sent(framing, "Hi.");
      call.send(head(200, json));
      await call.next();
      call.send(body("response", '{"choices":[', true));
      expect((await call.ended).code).toBe(codes.aborted);
      await lab.settled(1);
    },
  );
});

describe("transform: cuts", () => {
  const cut = async (framing: Framing): Promise<Conversation> => {
    const { call } = await sent(framing, "Hi.", { stream: true });
    call.send(head(200, sse));
    await call.next();
    call.send(body("response", chunk({ content: "Half" })));
    expect(pieceOf(await call.next()).text).toContain("Half");
    return call;
  };

  it("ends a stream at once where it may (duplex): a terminal event, the end, and nothing after it", async () => {
    await begin();
    const call = await cut("duplex");
    void lab.processor.close(0);
    const piece = pieceOf(await call.next());
    expect(piece.text).toContain('"code":"draining"');
    expect(piece.last).toBe(true);
    call.send(body("response", chunk({ content: "More" })));
    call.reset();
    await lab.settled(1);
    expect(call.said).toHaveLength(5);
  });

  it("tells it with the next piece where replies are counted (streamed), and swallows the provider's rest", async () => {
    const clock = createFakeClock(Date.now());
    await begin({ processor: { clock } });
    const call = await cut("buffered");
    void lab.processor.close(0);
    await lab.settled(1);
    call.send(body("response", chunk({ content: "More" })));
    expect(pieceOf(await call.next()).text).toContain('"code":"draining"');
    call.send(body("response", chunk({ content: "Still more" })));
    expect((await call.next()).responseBody?.response?.bodyMutation?.body).toHaveLength(0);
    clock.advance(400);
    call.send(body("response", "", true));
    expect((await call.next()).responseBody?.response?.bodyMutation?.body).toHaveLength(0);
    call.reset();
  });

  it("breaks the stream where no next piece comes to tell it with (streamed)", async () => {
    const clock = createFakeClock(Date.now());
    await begin({ processor: { clock } });
    const call = await cut("buffered");
    const closed = lab.processor.gateway.close(0);
    await lab.settled(1);
    await closed;
    const said = call.said.length;
    clock.advance(400);
    expect((await call.ended).code).toBe(codes.aborted);
    expect(call.said).toHaveLength(said);
  });

  it("answers in the provider's place where it does not come in time", async () => {
    await begin({ overrides: { routing: { deadline: "50ms" } } });
    const { call } = await sent("buffered", "Hi.");
    expect(errorOf(await call.next())).toEqual({ status: 504, code: "deadline_exceeded" });
    call.reset();
    await lab.settled(1);
  });

  it("answers in the provider's place where a whole answer stops half way", async () => {
    await begin({ overrides: { routing: { deadline: "100ms" } } });
    const { call } = await sent("buffered", "Hi.");
    call.send(head(200, json));
    await call.next();
    expect((await call.next()).immediateResponse?.status.code).toBeGreaterThanOrEqual(500);
    call.reset();
    await lab.settled(1);
  });

  it("sends comments while a stream is silent, where it may", async () => {
    const clock = createFakeClock(Date.now());
    await begin({ gateway: { clock }, processor: { clock } });
    const call = await cut("duplex");
    clock.advance(9_000);
    expect(call.said).toHaveLength(4);
    clock.advance(1_000);
    const { text: comment, last } = pieceOf(await call.next());
    expect(comment).toMatch(/^:.*\n\n$/);
    expect(last).toBe(false);
    call.reset();
    await lab.settled(1);
    // What is left of time belongs to the gateway's own stores.
    clock.advance(60_000);
    expect(call.said).toHaveLength(5);
  });
});

describe("transform: duplex", () => {
  it("keeps a provider's trailers, after everything that was held back", async () => {
    await begin();
    const { call } = await sent("duplex", `Write to ${email}.`, { stream: true });
    call.send(head(200, sse));
    await call.next();
    call.send(body("response", [chunk({ content: "To [EMAIL_1]." }), ...done].join("")));
    call.send({ responseTrailers: { trailers: headerMap({ "x-cost": "1" }) } });
    let content = "";
    for (;;) {
      const said = await call.next();
      content += pieceOf(said).text;
      if (said.responseTrailers === undefined || said.responseTrailers === null) continue;
      expect(said.responseTrailers.headerMutation?.removeHeaders).toEqual(["x-cost"]);
      break;
    }
    expect(saidIn(content)).toBe(`To ${email}.`);
    call.reset();
    await lab.settled(1);
  });

  it("sends a large answer in chunks that Envoy likes", async () => {
    await begin();
    const { call, left } = await sent("duplex", "Hi.");
    const { pieces } = answerWith(askedIn("/v1/chat/completions", changedBody(left)), "word ".repeat(40_000));
    call.send(head(200, json));
    await call.next();
    call.send(body("response", pieces[0] ?? "", true));
    let content = "";
    for (let last = false; !last; ) {
      const piece = pieceOf(await call.next());
      expect(piece.text.length).toBeLessThanOrEqual(65_536);
      content += piece.text;
      last = piece.last;
    }
    expect(content).toBe(pieces[0]);
    call.reset();
  });
});

describe("transform: order", () => {
  it.each<readonly [string, (protocol: Protocol) => readonly object[]]>([
    ["a body before its headers", () => [body("request", "{}", true)]],
    ["a request that is not buffered", (protocol) => [opening({ protocol }), body("request", "{")]],
    [
      "headers without a path",
      (protocol) => [{ requestHeaders: { headers: headerMap({ ":method": "POST" }) }, protocolConfig: protocol }],
    ],
    ["an answer without a status", (protocol) => [opening({ protocol }), { responseHeaders: {} }]],
    ["an answer's body without its head", (protocol) => [opening({ protocol }), body("response", "x")]],
    ["nothing known", (protocol) => [opening({ protocol }), {}]],
  ])("ends with an error: %s", async (_what, messages) => {
    await begin();
    const call = lab.client.talk();
    for (const message of messages(protocols.buffered)) call.send(message);
    expect((await call.ended).code).toBe(codes.invalidArgument);
    expect(lab.provider.requests).toHaveLength(0);
  });

  it.each([
    ["a streamed request", { requestBodyMode: STREAMED, responseBodyMode: STREAMED }, false],
    ["answers that are not sent", { requestBodyMode: 2, responseBodyMode: 0 }, false],
    ["answers that are sent in part", { requestBodyMode: 2, responseBodyMode: 3 }, false],
    ["a filter that waits for no answer", protocols.buffered, true],
  ])("does not begin with %s", async (_what, protocol, observabilityMode) => {
    await begin();
    const call = lab.client.talk();
    call.send(opening({ protocol, observabilityMode }));
    expect((await call.ended).code).toBe(codes.failedPrecondition);
  });
});
