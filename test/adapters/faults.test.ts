import { fails, inTurn, type Script, says } from "../../adapters/testing.ts";
import { systemClock } from "../../src/engine/clock.ts";
import { createMemoryStores, type GatewayOptions } from "../../src/index.ts";
import { createFaultyStores } from "../doubles/faulty-stores.ts";
import { gate } from "../doubles/gate.ts";
import { describeAdapters } from "../hosts.ts";
import {
  asking,
  begin,
  byTarget,
  chunk,
  done,
  email,
  hello,
  lastError,
  role,
  saidIn,
  streaming,
  streams,
  until,
} from "./scene.ts";

const second = says("Second here, [EMAIL_1].");
const inBand = `data: {"error":{"message":"overloaded","type":"server_error","code":"overloaded"}}\n\n`;

/** Ways to fail before any content, and what a host that cannot take back shows the caller instead. */
const early: readonly (readonly [string, Script, (text: string, status: number) => void])[] = [
  ["status 503", fails(503), (_text, status) => expect(status).toBe(503)],
  ["status 429", fails(429, { "retry-after": "3600" }), (_text, status) => expect(status).toBe(429)],
  ["reset", streams([], "reset"), (text) => expect(text).toContain("upstream_broken")],
  ["in-band error", streams([role, ": ping\n\n", inBand]), (text) => expect(text).toContain("overloaded")],
  ["early close", streams([role]), (text) => expect(text).toContain("upstream_")],
  ["an empty 200", streams([]), (text) => expect(text).toContain("upstream_")],
  [
    "HTML with 200",
    () => ({ headers: { "content-type": "text/html" }, pieces: ["<h1>maintenance</h1>"] }),
    (text) => expect(text).toContain("upstream_invalid"),
  ],
];

describeAdapters("faults", (host) => {
  /** Red when the commit point moves, when a target is not passed over, or when what the first attempt left shows up in the second's. */
  it.each(early)("failover before content: %s", async (name, first, shown) => {
    const scene = await begin(host);
    scene.answer(byTarget(first, second));
    const got = await scene.call(asking(`I am ${email}`, { stream: true }));
    if (name === "reset" && !host.hearsBreaks) {
      expect(got).toMatchObject({ text: "", broken: true });
      await until(() => scene.receipts.length === 1);
      expect(scene.receipts[0]?.outcome).toBe("aborted");
      return scene.finish(1);
    }
    if (!host.mutates) {
      expect(scene.requests).toHaveLength(1);
      expect(scene.receipts[0]?.outcome).toBe("failed");
    } else if (host.takesBack) {
      expect(saidIn(got.text)).toBe(`Second here, ${email}.`);
      expect(got.text).not.toMatch(/overloaded|maintenance|ping/);
      expect(scene.requests.map(({ url }) => url.includes("/second/"))).toEqual([false, true]);
      expect(scene.requests[1]?.body).toBe(scene.requests[0]?.body);
      expect(scene.receipts[0]?.attempts.map(({ result }) => result)).toEqual(["rejected", "answered"]);
      expect(scene.receipts[0]).toMatchObject({ outcome: "answered", target: "second" });
    } else {
      shown(got.text, got.status);
      // The target cools down: the next call goes elsewhere.
      const next = await scene.call(asking(`I am ${email}`, { stream: true }));
      expect(saidIn(next.text)).toBe(`Second here, ${email}.`);
    }
    await scene.finish(host.takesBack ? 1 : 2);
  });

  /** Red when a connection that fails is no reason to go on. */
  it("failover when nobody listens", async () => {
    const targets = ["dead", "second", "first"].map((target) => ({ target, model: "gpt-5-mini" }));
    const scene = await begin(host, { models: { fast: { targets } } });
    const nobody: Script = () => ({ ends: "unreachable" });
    scene.answer((request, number) => (request.url.includes("/second/") ? second : nobody)(request, number));
    const got = await scene.call(asking(`I am ${email}`));
    if (host.takesBack && host.mutates) {
      expect(saidIn(got.text)).toBe(`Second here, ${email}.`);
      // Who moves the bytes itself says only that it broke.
      const code = host.name.startsWith("a byte-mover") ? "upstream_broken" : "upstream_unreachable";
      expect(scene.receipts[0]?.attempts.map((attempt) => attempt.code)).toContain(code);
    } else if (!host.mutates) expect(got.broken || got.status === 503).toBe(true);
    await scene.finish(1);
  });

  /** Red when the provider's own error is replaced, or reaches the caller with placeholders. */
  it("last error passed on: as it came, restored, with its status and its hint", async () => {
    const scene = await begin(host);
    const body = {
      error: { message: "No such parameter for [EMAIL_1]", type: "invalid_request_error", code: "bad_param" },
    };
    scene.answer(() => ({
      status: 400,
      headers: { "content-type": "application/json", "retry-after-ms": "1500", "x-request-id": "req_1" },
      pieces: [JSON.stringify(body)],
    }));
    const got = await scene.call(asking(`I am ${email}`));
    expect(got.status).toBe(400);
    const restored = host.mutates ? email : "[EMAIL_1]";
    expect(JSON.parse(got.text)).toEqual({ error: { ...body.error, message: `No such parameter for ${restored}` } });
    expect(got.headers).toMatchObject({ "retry-after-ms": "1500", "x-request-id": "req_1" });
    expect(scene.requests).toHaveLength(1);
    expect(scene.receipts[0]).toMatchObject({ outcome: "failed", status: 400, cost: 0n });
    await scene.finish(1);
  });

  /** Red when the caller gets an error of ours, or of another target than the last. */
  it("last error passed on: the last target's, when every one has failed", async () => {
    const targets = ["first", "second"].map((target) => ({ target, model: "gpt-5-mini" }));
    const scene = await begin(host, { models: { fast: { targets } } });
    const busy = (who: string) => fails(429, { "retry-after": "3600", "x-request-id": `req_${who}` });
    scene.answer(byTarget(busy("first"), busy("second")));
    const got = await scene.call(asking(`I am ${email}`, { stream: true }));
    const last = host.takesBack && host.mutates ? "second" : "first";
    expect([got.status, got.headers["retry-after"], got.headers["x-request-id"]]).toEqual([429, "3600", `req_${last}`]);
    expect(JSON.parse(got.text)).toMatchObject({ error: { message: "failed" } });
    expect(scene.receipts[0]).toMatchObject({ outcome: "failed", status: 429, code: "upstream_error", target: last });
    await scene.finish(1);
  });

  /** Red when a provider's word about our own key is passed on. */
  it("our own key refused: the provider's text, which may quote it, stays here", async () => {
    const scene = await begin(host);
    scene.answer(() => ({
      status: 401,
      headers: { "content-type": "application/json" },
      pieces: ['{"error":{"message":"Incorrect key sk-operator"}}'],
    }));
    const got = await scene.call(asking("hello"));
    if (host.mutates) {
      expect(got.status).toBe(502);
      expect(got.text).toContain("upstream_credentials");
      expect(got.text).not.toContain("sk-operator");
    }
    await scene.finish(1);
  });

  /** Red when an answer that has begun is retried, spliced, or ends as if it were whole. */
  it("after-commit break: the terminal error of the caller's dialect, nothing else", async () => {
    const scene = await begin(host);
    // A proxy may drop what it has not passed on yet, so the provider breaks off once its words were heard.
    const heard = gate();
    async function* pieces() {
      yield role;
      yield chunk({ content: "Half a sentence [EMA" });
      await heard.opened;
    }
    scene.answer(byTarget(streams(pieces(), "reset"), second));
    const onPiece = (piece: string) => {
      if (piece.includes("Half")) heard.open();
    };
    const got = await scene.call({ ...asking(`I am ${email}`, { stream: true }), onPiece });
    expect(saidIn(got.text)).toMatch(/^Half a sentence (\[EMA)?$/);
    expect(scene.requests).toHaveLength(1);
    if (!host.hearsBreaks) {
      expect(got.broken).toBe(true);
      await until(() => scene.receipts.length === 1);
    } else if (host.mutates) {
      expect(saidIn(got.text)).toBe("Half a sentence [EMA");
      const last = got.text.trimEnd().split("\n\n").at(-1) ?? "";
      expect(JSON.parse(last.slice(6))).toMatchObject({ error: { code: "upstream_broken" } });
      expect(got.text).not.toMatch(/\[DONE\]|"finish_reason":"/);
    }
    const ended = host.hearsBreaks
      ? { outcome: "failed", code: "upstream_broken" }
      : { outcome: "aborted", code: "call_aborted" };
    expect(scene.receipts[0]).toMatchObject(ended);
    expect(scene.receipts[0]?.cost).toBeGreaterThan(0n);
    await scene.finish(1);
  });

  /** Red when the first choice that finishes is taken for all of them. */
  it("several choices: a stream that ends before all of them finished is broken", async () => {
    const scene = await begin(host);
    const first = [chunk({ content: "one" }, null, 0), chunk({ content: "two" }, null, 1), chunk({}, "stop", 0)];
    scene.answer(inTurn(streams([role, ...first]), streams([role, ...first, chunk({}, "stop", 1)])));
    const got = await scene.call(asking("hello", { stream: true, n: 2 }));
    if (host.mutates) expect(lastError(got.text)).toMatchObject({ code: "upstream_broken" });
    expect(scene.receipts[0]).toMatchObject({ outcome: "failed", code: "upstream_broken" });
    const whole = await scene.call(asking("hello", { stream: true, n: 2, model: "plain" }));
    expect(whole.text).not.toContain("error");
    expect(scene.receipts[1]).toMatchObject({ outcome: "answered" });
    await scene.finish(2);
  });

  /** Red when a server that knows one choice only is waited for in vain, though it says that it is done. */
  it("several choices of a server that gives one: what it ends is whole", async () => {
    const scene = await begin(host);
    scene.answer(hello);
    const got = await scene.call(asking("hello", { stream: true, n: 2 }));
    expect([saidIn(got.text), got.text.includes("error")]).toEqual(["Hello.", false]);
    expect(scene.receipts[0]).toMatchObject({ outcome: "answered" });
    await scene.finish(1);
  });

  /** Red when an answer goes on behind its error, or ends as if it were whole. */
  it("in-band error after content: the provider's last word, restored, and nothing behind it", async () => {
    const scene = await begin(host);
    const error = { message: "no more for [EMAIL_1]", type: "server_error", code: "overloaded" };
    const behind = [chunk({ content: " sentence" }), ...done];
    scene.answer(streams([role, chunk({ content: "Half a" }), `data: ${JSON.stringify({ error })}\n\n`, ...behind]));
    const got = await scene.call(asking(`I am ${email}`, { stream: true }));
    if (host.mutates) {
      expect([saidIn(got.text), got.broken]).toEqual(["Half a", false]);
      expect(lastError(got.text)).toEqual({ ...error, message: `no more for ${email}` });
    }
    expect(scene.receipts[0]).toMatchObject({
      outcome: "failed",
      code: "upstream_error",
      attempts: [{ result: "broken" }],
    });
    expect(scene.receipts[0]?.cost).toBeGreaterThan(0n);
    await scene.finish(1);
  });

  /** Red when the upstream is not cancelled, or the call does not settle, or settles twice. */
  it("disconnect mid-stream: the provider is cancelled before its next piece, the money settles", async () => {
    const scene = await begin(host);
    let release: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* pieces() {
      yield role;
      yield chunk({ content: "a first word" });
      await gate;
      yield chunk({ content: "a second" });
    }
    scene.answer(streams(pieces(), "silent"));
    const gone = new AbortController();
    const got = await scene.call({
      ...asking("Go on.", { stream: true }),
      signal: gone.signal,
      onPiece: (piece) => piece.includes("first word") && gone.abort(),
    });
    expect(got.broken).toBe(true);
    await until(() => scene.requests[0]?.signal.aborted === true);
    release();
    await until(() => scene.receipts.length === 1);
    expect(scene.receipts[0]).toMatchObject({ outcome: "aborted", code: "call_aborted" });
    expect(scene.receipts[0]?.attempts).toMatchObject([{ result: "aborted", committed: true }]);
    expect(scene.receipts[0]?.cost).toBeGreaterThan(0n);
    expect(got.text).not.toContain("a second");
    await scene.finish(1);
  });

  /** Red when a host listens for the caller's leaving only once an answer has begun. */
  it("disconnect before the head", async () => {
    const scene = await begin(host);
    scene.answer(() => ({ headers: streaming, pieces: waitingForever(), ends: "silent" }));
    const gone = new AbortController();
    const call = scene.call({ ...asking("Go on.", { stream: true }), signal: gone.signal });
    await until(() => scene.requests.length === 1);
    gone.abort();
    expect((await call).broken).toBe(true);
    await until(() => scene.requests[0]?.signal.aborted === true && scene.receipts.length === 1);
    expect(scene.receipts[0]?.outcome).toBe("aborted");
    await scene.finish(1);
  });

  /** Red when what a store grants is used though the caller has left in the meantime. */
  it("disconnect in next(), while a store keeps the call waiting: nothing is sent, nothing stays held", async () => {
    const memory = createMemoryStores({ clock: systemClock }, { keep: 10 });
    const stores = createFaultyStores(memory, systemClock);
    stores.break("counters.reserve", "hang", 1);
    const options: GatewayOptions = { stores };
    const scene = await begin(host, {}, options);
    const gone = new AbortController();
    const call = scene.call({ ...asking("Go on."), signal: gone.signal });
    await until(() => stores.calls("counters.reserve") === 1);
    gone.abort();
    // The host has to hear of it first, over a socket.
    await new Promise((resolve) => setTimeout(resolve, 50));
    stores.mend();
    await call;
    await until(() => scene.receipts.length === 1);
    if (host.mutates) {
      expect(scene.receipts[0]?.outcome).toBe("aborted");
      expect(scene.requests).toHaveLength(0);
    }
    const lines = await memory.counters.read(["team=search/total"]);
    expect(lines[0]?.held).toBe(0n);
    await scene.close();
  });

  /** Red when a stream outruns its budget, or ends as if it were whole. */
  it("cut mid-stream: channels closed, then the terminal error; not a pico-dollar over", async () => {
    const scene = await begin(host);
    const words = Array.from({ length: 400 }, () => chunk({ content: "word " }));
    scene.answer(streams([role, ...words, ...done]));
    const got = await scene.call({
      ...asking("Go on.", { stream: true, max_tokens: 64_000, model: "plain" }, "openai", "psk_poor"),
    });
    const receipt = scene.receipts[0];
    if (host.mutates) {
      expect(saidIn(got.text).length).toBeGreaterThan(20);
      expect(saidIn(got.text).length).toBeLessThan(2_000);
      const last = got.text.trimEnd().split("\n\n").at(-1) ?? "";
      expect(JSON.parse(last.slice(6))).toMatchObject({ error: { code: "budget_exceeded" } });
      expect(got.text).not.toMatch(/\[DONE\]|"finish_reason":"/);
      expect(receipt).toMatchObject({ outcome: "cut", code: "budget_exceeded" });
      expect(receipt?.cost).toBeLessThanOrEqual(2_000_000_000n);
    } else expect(saidIn(got.text)).toHaveLength(2_000);
    expect(receipt?.cost).toBeGreaterThan(0n);
    await scene.finish(1);
  });

  /** Red when silence is passed on as silence, or a ping as content. */
  it("pings only: committed after a while, kept alive, then the answer", async () => {
    const scene = await begin(host, { limits: { commit: "40ms", keepAlive: "40ms" } });
    let release: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* pieces() {
      yield ": ping\n\n";
      await gate;
      yield role;
      yield chunk({ content: "at last" });
      yield* done;
    }
    scene.answer(streams(pieces()));
    const heard: string[] = [];
    const call = scene.call({ ...asking("Go on.", { stream: true }), onPiece: (piece) => heard.push(piece) });
    if (host.mutates && host.speaksUnasked) await until(() => heard.join("").split("\n\n").length >= 4);
    release();
    const got = await call;
    expect(saidIn(got.text)).toBe("at last");
    expect(scene.receipts[0]?.outcome).toBe("answered");
    await scene.finish(1);
  });

  /** Red when an empty role chunk counts as content. */
  it("pings only, then the end: another target answers", async () => {
    const scene = await begin(host);
    scene.answer(byTarget(streams([": ping\n\n", role, ": ping\n\n"]), hello));
    const got = await scene.call(asking("Go on.", { stream: true }));
    if (host.takesBack && host.mutates) expect(saidIn(got.text)).toBe("Hello.");
    else if (host.mutates) expect(got.text).toContain("upstream_");
    await scene.finish(1);
  });
});

async function* waitingForever(): AsyncGenerator<string> {
  await new Promise(() => {});
}
