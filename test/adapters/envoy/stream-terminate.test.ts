import { echoes, fails, inTurn, type Script } from "../../../adapters/testing.ts";
import type { Step } from "../../../src/index.ts";
import { createFakeClock } from "../../doubles/clock.ts";
import { gate } from "../../doubles/gate.ts";
import { asking, byTarget, chunk, email, hello, inTwo, saidIn, secret, streams, until } from "../scene.ts";
import {
  body,
  type Conversation,
  codes,
  latin1,
  metadataIn,
  opening,
  protocols,
  type Said,
  setBy,
  text,
} from "./client.ts";
import { type Lab, type LabOptions, startLab } from "./lab.ts";

const protocol = protocols.terminate;
const contentOf = (content: string, fields: object = {}): string => asking(content, fields).body ?? "";

let lab: Lab;
const begin = async (options: LabOptions = {}): Promise<Lab> => {
  lab = await startLab(options);
  return lab;
};
afterEach(() => lab.close());

/** A request sent whole, as Envoy does it: head, body, an empty end. */
function asks(content: string, fields: object = {}, headers: Readonly<Record<string, string>> = {}): Conversation {
  const call = lab.client.talk();
  call.send(opening({ protocol, headers }));
  call.send(body("request", contentOf(content, fields)));
  call.send(body("request", "", true));
  return call;
}

const headOf = (said: Said): Record<string, string> =>
  Object.fromEntries(
    (said.streamedImmediateResponse?.headersResponse?.headers.headers ?? []).map(({ key, rawValue }) => [
      key,
      latin1(rawValue),
    ]),
  );
const chunkOf = (said: Said | undefined) => said?.streamedImmediateResponse?.bodyResponse;

/** Everything of a streamed answer, until its end. */
async function streamedOf(call: Conversation): Promise<{ head: Record<string, string>; text: string; chunks: number }> {
  const head = headOf(await call.next());
  let content = "";
  for (let chunks = 1; ; chunks++) {
    const piece = chunkOf(await call.next());
    content += text(piece?.body);
    if (piece?.endOfStream) return { head, text: content, chunks };
  }
}

const errorOf = (said: Said): { status: number | undefined; code: unknown } => {
  const { immediateResponse } = said;
  const json = JSON.parse(text(immediateResponse?.body)) as { error: { code: unknown } };
  return { status: immediateResponse?.status.code, code: json.error.code };
};

describe("terminate: answers", () => {
  it("answers a whole answer by one immediate response, masked on the way out and restored on the way back", async () => {
    await begin();
    const call = asks(`Write to ${email}.`);
    const { immediateResponse } = await call.next();
    expect(immediateResponse?.status.code).toBe(200);
    expect(saidIn(text(immediateResponse?.body))).toBe(`Write to ${email}.`);
    expect(setBy(immediateResponse?.headers)).toMatchObject({
      "content-type": "application/json",
      "x-postern-target": "first",
    });
    expect(setBy(immediateResponse?.headers)).not.toHaveProperty("content-length");
    expect(lab.provider.requests[0]?.body).toContain("[EMAIL_1]");
    expect(lab.provider.requests[0]?.body).not.toContain(email);
    call.reset();
    await lab.settled(1);
    expect(lab.receipts[0]?.outcome).toBe("answered");
  });

  it("answers a stream by its head, its pieces as they come, and an end", async () => {
    await begin();
    const call = asks(`Write to ${email}.`, { stream: true });
    const { head, text: stream, chunks } = await streamedOf(call);
    expect(head).toMatchObject({ ":status": "200", "content-type": "text/event-stream" });
    expect(saidIn(stream)).toBe(`Write to ${email}.`);
    expect(stream.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(chunks).toBeGreaterThan(3);
    call.reset();
    await lab.settled(1);
  });

  it("passes a piece on before the next one has come", async () => {
    await begin();
    const rest = gate();
    lab.provider.answer(inTwo(rest.opened));
    const call = asks("Count.", { stream: true });
    await call.next();
    expect(text(chunkOf(await call.next())?.body)).toContain("One");
    rest.open();
    expect(text(chunkOf(await call.next())?.body)).toContain("Two");
    call.reset();
  });

  it("takes a body in any pieces, one that ends with its last piece, and one that ends with trailers", async () => {
    await begin();
    const whole = Buffer.from(contentOf("Hi."));
    for (const end of ["last piece", "trailers"]) {
      const call = lab.client.talk();
      call.send(opening({ protocol }));
      for (let at = 0; at < whole.length; at += 7)
        call.send(body("request", whole.subarray(at, at + 7), end === "last piece" && at + 7 >= whole.length));
      if (end === "trailers") call.send({ requestTrailers: { trailers: { headers: [] } } });
      expect((await call.next()).immediateResponse?.status.code).toBe(200);
      call.reset();
    }
    expect(lab.provider.requests.map((request) => request.body)).toEqual(
      [whole.toString(), whole.toString()].map((each) => each.replace('"fast"', '"gpt-5-mini"')),
    );
  });

  it("answers a request without a body, and HEAD without one either", async () => {
    await begin();
    for (const method of ["GET", "HEAD"]) {
      const call = lab.client.talk();
      call.send(opening({ protocol, endOfStream: true, headers: { ":method": method, ":path": "/v1/models" } }));
      expect((await call.next()).immediateResponse?.status.code).toBe(method === "GET" ? 200 : 405);
      call.reset();
    }
  });

  it("fails over before content, and ends with the protocol's own error after it", async () => {
    await begin();
    lab.provider.answer(byTarget(fails(503), hello));
    const over = asks("Hi.", { stream: true });
    expect(saidIn((await streamedOf(over)).text)).toBe("Hello.");
    over.reset();
    lab.provider.answer(streams([chunk({ content: "Half" })], "reset"));
    const broken = asks("Hi.", { stream: true });
    const { text: stream } = await streamedOf(broken);
    expect(stream).toContain("Half");
    expect(stream).toContain('"code":"upstream_broken"');
    broken.reset();
    await lab.settled(2);
  });

  it("gives the caller the last provider's own error", async () => {
    await begin({ overrides: { routing: { failures: 10 } } });
    lab.provider.answer(fails(500));
    const call = asks("Hi.");
    expect((await call.next()).immediateResponse?.status.code).toBe(500);
    call.reset();
  });

  it("sends a comment when a committed stream is silent", async () => {
    const clock = createFakeClock(Date.now());
    await begin({ gateway: { clock }, overrides: { limits: { keepAlive: "1s" } } });
    lab.provider.answer(streams([chunk({ content: "One" })], "silent"));
    const call = asks("Hi.", { stream: true });
    await call.next();
    await call.next();
    clock.advance(900);
    expect(call.said).toHaveLength(2);
    clock.advance(200);
    expect(text(chunkOf(await call.next())?.body)).toMatch(/^:.*\n\n$/);
    call.reset();
  });
});

describe("terminate: refusals", () => {
  it("refuses who is unknown at the head, in its own language, and reads no more of the upload", async () => {
    await begin();
    const call = lab.client.talk();
    call.send(opening({ protocol, headers: { authorization: "Bearer nobody" } }));
    expect(errorOf(await call.next())).toEqual({ status: 401, code: "unknown_key" });
    call.send(body("request", Buffer.alloc(100_000, "x")));
    call.send(body("request", "", true));
    const messages = lab.client.talk();
    messages.send(opening({ protocol, headers: { ":path": "/v1/messages", authorization: "Bearer nobody" } }));
    expect(JSON.parse(text((await messages.next()).immediateResponse?.body))).toMatchObject({ type: "error" });
    expect(call.said).toHaveLength(1);
    call.reset();
    messages.reset();
    expect(lab.provider.requests).toHaveLength(0);
  });

  it("says nothing before the request has ended but a refusal", async () => {
    await begin({ overrides: { limits: { body: "1 KB" } } });
    const call = lab.client.talk();
    call.send(opening({ protocol }));
    call.send(body("request", contentOf("Hi.")));
    const other = asks("Is anybody there?");
    await other.next();
    expect(call.said).toHaveLength(0);
    call.send(body("request", Buffer.alloc(1_024, " ")));
    expect(errorOf(await call.next())).toEqual({ status: 413, code: "body_too_large" });
    call.reset();
    other.reset();
    await lab.settled(2);
  });

  it.each([
    ["a secret", () => asks(`My token is ${secret}`), 400, "secret_blocked"],
    [
      "what its budget does not cover",
      () => asks("Hi.", { max_tokens: 100_000, stream: true, n: 100 }, { authorization: "Bearer psk_poor" }),
      402,
      "budget_exceeded",
    ],
    ["a model that is unknown", () => asks("Hi.", { model: "nothing" }), 404, "model_not_found"],
    ["a path that nobody inspects", () => asks("Hi.", {}, { ":path": "/v1/files" }), 403, "not_inspected"],
    ["an encoded body", () => asks("Hi.", {}, { "content-encoding": "gzip" }), 415, "unsupported_media_type"],
  ] as const)("refuses %s, and the provider sees nothing", async (_what, ask, status, code) => {
    await begin();
    const call = ask();
    expect(errorOf(await call.next())).toEqual({ status, code });
    expect(lab.provider.requests).toHaveLength(0);
    call.reset();
  });

  it("refuses when a step fails, and the provider sees nothing", async () => {
    const step: Step = {
      name: "broken",
      open: () => ({
        request() {
          throw new Error("a mistake");
        },
      }),
    };
    await begin({ gateway: { steps: [{ after: "redaction", step }] } });
    const call = asks(`Write to ${email}.`);
    expect(errorOf(await call.next())).toEqual({ status: 500, code: "internal_error" });
    expect(lab.provider.requests).toHaveLength(0);
    call.reset();
  });

  it("does not let a caller's internal headers leave", async () => {
    await begin();
    const call = asks("Hi.", {}, { "x-postern-route": "second", "x-postern-mode": "tap", "x-envoy-internal": "true" });
    await call.next();
    const { headers = {} } = lab.provider.requests[0] ?? {};
    expect(Object.keys(headers).filter((name) => /^x-(postern|envoy)/.test(name))).toEqual([]);
    expect(lab.receipts[0]?.target).toBe("first");
    call.reset();
  });
});

describe("terminate: ends", () => {
  const endless: Script = (request, number) =>
    streams(
      (async function* () {
        for (;;) {
          yield chunk({ content: "word " });
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      })(),
    )(request, number);

  it.each(["halfClose", "reset"] as const)("stops the provider when the caller leaves: %s", async (leave) => {
    await begin();
    lab.provider.answer(endless);
    const call = asks("Hi.", { stream: true });
    await call.next();
    await call.next();
    call[leave]();
    await until(() => lab.provider.requests[0]?.signal.aborted === true);
    // Never OK: Envoy would let the request go on.
    expect((await call.ended).code).toBe(codes.cancelled);
    await lab.settled(1);
    expect(lab.receipts[0]?.outcome).toBe("aborted");
  });

  it("forgets an upload that is broken off", async () => {
    await begin();
    const call = lab.client.talk();
    call.send(opening({ protocol }));
    call.send(body("request", contentOf("Hi.").slice(0, 20)));
    call.halfClose();
    expect((await call.ended).code).toBe(codes.cancelled);
    await lab.settled(1);
    expect(lab.receipts[0]?.code).toBe("call_aborted");
    expect(lab.provider.requests).toHaveLength(0);
  });

  it("leaves it to Envoy to end a stream that was answered, and then ends it well", async () => {
    await begin();
    const call = asks("Hi.");
    await call.next();
    let over = false;
    void call.ended.then(() => {
      over = true;
    });
    const other = asks("Hi again.");
    await other.next();
    expect(over).toBe(false);
    call.halfClose();
    expect((await call.ended).code).toBe(codes.ok);
    other.reset();
  });

  it.each([
    ["a body before its headers", [body("request", "{}", true)]],
    ["headers twice", [opening({ protocol }), opening({ protocol })]],
    ["an answer's head", [opening({ protocol }), { responseHeaders: {} }]],
    ["an answer's body before any head", [{ responseBody: {} }]],
    ["headers without a method", [{ requestHeaders: {}, protocolConfig: protocol }]],
    ["nothing known", [opening({ protocol }), { observabilityMode: false }]],
  ])("ends that stream alone with an error: %s", async (_what, messages) => {
    await begin();
    const other = lab.client.talk();
    other.send(opening({ protocol }));
    const call = lab.client.talk();
    for (const message of messages) call.send(message);
    expect((await call.ended).code).toBe(codes.invalidArgument);
    expect(call.said.filter(({ immediateResponse }) => immediateResponse === undefined)).toHaveLength(0);
    other.send(body("request", contentOf("Hi."), true));
    expect((await other.next()).immediateResponse?.status.code).toBe(200);
    other.reset();
  });

  it("ends a stream of noise with an error", async () => {
    await begin();
    const call = lab.client.talk();
    call.sendBytes(Buffer.from([0x12, 0xff, 0xff, 0x00]));
    expect((await call.ended).code).toBe(codes.invalidArgument);
  });

  it.each([
    ["a buffered request", { protocol: protocols.buffered }],
    ["a filter that does not say how it sends", {}],
    ["a filter that waits for no answer", { protocol, observabilityMode: true }],
  ])("does not begin with %s", async (_what, wrong) => {
    await begin();
    const call = lab.client.talk();
    call.send(opening(wrong));
    expect((await call.ended).code).toBe(codes.failedPrecondition);
    expect(lab.receipts).toHaveLength(0);
  });

  it("does not look at what comes after a second end", async () => {
    await begin();
    const call = asks("Hi.");
    call.send(body("request", "more", true));
    expect((await call.next()).immediateResponse?.status.code).toBe(200);
    expect(lab.provider.requests[0]?.body).not.toContain("more");
    call.reset();
  });

  it("serves many at once", async () => {
    await begin();
    lab.provider.answer(inTurn(echoes));
    const calls = Array.from({ length: 100 }, (_, index) =>
      asks(`Number ${index} for ${email}.`, { stream: index % 2 === 0 }),
    );
    const texts = await Promise.all(
      calls.map(async (call, index) => {
        const content =
          index % 2 === 0 ? (await streamedOf(call)).text : text((await call.next()).immediateResponse?.body);
        call.reset();
        return saidIn(content);
      }),
    );
    expect(texts).toEqual(calls.map((_, index) => `Number ${index} for ${email}.`));
    await lab.settled(100);
  });
});

describe("terminate: what a call tells and how it is cut", () => {
  it("tells tokens, cost, target and findings with its last message", async () => {
    await begin();
    for (const stream of [false, true]) {
      const call = asks(`Write to ${email}.`, { stream });
      if (stream) await streamedOf(call);
      else await call.next();
      call.reset();
      expect(metadataIn(call.said.at(-1))).toEqual({
        call_id: expect.stringMatching(/^[0-9A-Z]{26}$/),
        target: "first",
        model: "fast",
        answer_model: "gpt-5-mini",
        input_tokens: expect.any(Number),
        output_tokens: expect.any(Number),
        total_tokens: expect.any(Number),
        cost_dollars: expect.any(Number),
        cost_micros: expect.any(Number),
        attempts: 1,
        findings: { EMAIL: 1 },
      });
    }
    await lab.settled(2);
  });

  it("tells no personal data and no key that a caller wrote as the model's name", async () => {
    await begin();
    for (const model of [email, secret]) {
      const call = asks("Hi.", { model });
      const said = await call.next();
      call.reset();
      expect(errorOf(said).status).toBe(400);
      expect((metadataIn(said) as { model?: string } | undefined)?.model).toMatch(/^\[[A-Z_0-9]+\]$/);
      expect(JSON.stringify(metadataIn(said))).not.toContain(model);
    }
    await lab.settled(2);
    expect(lab.receipts.map(({ model }) => model)).not.toContain(email);
  });

  it("ends an answer that is too long with the protocol's own error", async () => {
    await begin({ processor: { answerBytes: 5_000 } });
    lab.provider.answer(streams(Array.from({ length: 1_000 }, (_, index) => chunk({ content: `word ${index} ` }))));
    const call = asks("Hi.", { stream: true });
    const { text: stream } = await streamedOf(call);
    expect(stream).toContain('"code":"answer_too_large"');
    expect(stream.length).toBeLessThan(80_000);
    await until(() => lab.provider.requests[0]?.signal.aborted === true);
    call.reset();
    await lab.settled(1);
  });

  it("cuts in the protocol's own way what has not ended when the processor closes, and refuses an upload", async () => {
    await begin();
    lab.provider.answer(streams([chunk({ content: "One" })], "silent"));
    const call = asks("Hi.", { stream: true });
    await call.next();
    await call.next();
    const upload = lab.client.talk();
    upload.send(opening({ protocol }));
    upload.send(body("request", "{"));
    const other = asks("Is anybody there?", { model: "nothing" });
    await other.next();
    const closed = lab.processor.close(0);
    expect(errorOf(await upload.next())).toEqual({ status: 503, code: "draining" });
    expect(text(chunkOf(await call.next())?.body)).toContain('"code":"draining"');
    expect(chunkOf(await call.next())?.endOfStream).toBe(true);
    await closed;
    await lab.settled(3);
  });
});
