import { fails, inTurn } from "../../adapters/testing.ts";
import { gate } from "../doubles/gate.ts";
import { createGatedClock } from "../doubles/gated-clock.ts";
import { describeAdapters } from "../hosts.ts";
import { asking, begin, chunk, done, hello, lastError, role, saidIn, secret, streams, until } from "./scene.ts";

/** Resolves once a count has stood still for a while. */
async function still(count: () => number): Promise<void> {
  let last = -1;
  for (let quiet = 0; quiet < 20; quiet++) {
    if (count() !== last) quiet = 0;
    last = count();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describeAdapters("flow", (host) => {
  /** Red when somebody on the way reads on for a caller who does not. */
  it("back-pressure: a reader who stops makes the provider stop", async () => {
    const scene = await begin(host);
    // Where nothing slows the provider, an answer's bytes are bounded.
    const total = host.slows ? 1_000 : 2_000;
    let taken = 0;
    async function* pieces() {
      yield role;
      const content = "x".repeat(65_536);
      for (; taken < total; taken++) yield chunk({ content });
    }
    scene.answer(streams(pieces()));
    const gone = new AbortController();
    const stopped = new Promise((resolve) => gone.signal.addEventListener("abort", resolve));
    const call = scene.call({
      ...asking("Go on.", { stream: true }),
      signal: gone.signal,
      onPiece: () => stopped,
    });
    await until(() => taken > 0);
    await still(() => taken);
    expect(taken).toBeLessThan(total);
    // There the call is over while its reader still reads nothing.
    if (!host.slows) await until(() => scene.receipts.length === 1);
    gone.abort();
    expect((await call).broken).toBe(true);
    await until(() => scene.receipts.length === 1);
    if (host.slows) expect(scene.receipts[0]?.outcome).toBe("aborted");
    else expect(scene.receipts[0]).toMatchObject({ outcome: "failed", code: "answer_too_large" });
    await scene.finish(1);
  });

  /** Red when a pause loses, doubles or reorders a byte, or never ends. */
  it("back-pressure: a reader who pauses gets everything", async () => {
    const scene = await begin(host);
    const words = Array.from({ length: 400 }, (_, index) => `${index} ${"y".repeat(65_536)} `);
    let taken = 0;
    async function* pieces() {
      yield role;
      for (const content of words) {
        yield chunk({ content });
        taken++;
      }
      yield* done;
    }
    scene.answer(streams(pieces()));
    let paused: Promise<void> | undefined;
    const pause = () => {
      paused ??= still(() => taken);
      return paused;
    };
    const got = await scene.call({ ...asking("Go on.", { stream: true }), onPiece: pause });
    expect(saidIn(got.text) === words.join("")).toBe(true);
    expect(got.text.endsWith("data: [DONE]\n\n")).toBe(true);
    await scene.finish(1);
  });

  /** Red when a wait does not end with the caller: here no time passes, so nothing else can end it. */
  it("disconnect in next(), while a retry-after is waited for", async () => {
    const clock = createGatedClock();
    const scene = await begin(host, {}, { clock });
    scene.answer(fails(429, { "retry-after-ms": "4321" }));
    const gone = new AbortController();
    const call = scene.call({ ...asking("Go on."), signal: gone.signal });
    if (host.takesBack && host.mutates) {
      await clock.armed(4_321);
      gone.abort();
      expect((await call).broken).toBe(true);
      await until(() => scene.receipts.length === 1);
      expect(scene.receipts[0]).toMatchObject({ outcome: "aborted", code: "call_aborted", cost: 0n });
      expect(scene.requests).toHaveLength(3);
    } else {
      expect((await call).status).toBe(429);
      expect(scene.requests).toHaveLength(1);
    }
    await scene.finish(1);
  });

  /** Red when closing breaks what runs, or lets in what comes. */
  it("draining: what runs ends whole, what comes is refused", async () => {
    const scene = await begin(host);
    const { opened, open } = gate();
    async function* pieces() {
      yield role;
      yield chunk({ content: "a first word" });
      await opened;
      yield chunk({ content: ", a second" });
      yield* done;
    }
    scene.answer(inTurn(streams(pieces()), hello));
    let heard = "";
    const hear = (piece: string): void => {
      heard += piece;
    };
    const running = scene.call({ ...asking("Go on.", { stream: true }), onPiece: hear });
    await until(() => heard.includes("first word"));
    const closing = scene.gateway.close(10_000);
    const late = await scene.call(asking("hello"));
    if (host.mutates) {
      expect([late.status, late.headers["retry-after"]]).toEqual([503, "1"]);
      expect(JSON.parse(late.text).error.code).toBe("draining");
    } else expect(saidIn(late.text)).toBe("Hello.");
    open();
    expect(saidIn((await running).text)).toBe("a first word, a second");
    await closing;
    expect(scene.receipts).toMatchObject([{ outcome: "answered" }]);
    await scene.finish(1);
  });

  /** Red when closing waits for ever, or leaves a caller without an end. */
  it("draining: what does not end in time is told so", async () => {
    const scene = await begin(host);
    const { opened, open } = gate();
    async function* pieces() {
      yield role;
      yield chunk({ content: "a first word" });
      await opened;
    }
    scene.answer(streams(pieces(), "silent"));
    let heard = "";
    const hear = (piece: string): void => {
      heard += piece;
    };
    const gone = new AbortController();
    const running = scene.call({
      ...asking("Go on.", { stream: true }),
      signal: gone.signal,
      onPiece: hear,
    });
    await until(() => heard.includes("first word"));
    await scene.gateway.close(10);
    // Nobody can tell a caller who is out of reach.
    const tells = host.mutates && host.speaksUnasked;
    if (!tells) gone.abort();
    const got = await running;
    expect(saidIn(got.text)).toBe("a first word");
    if (tells) expect([got.broken, lastError(got.text)]).toMatchObject([false, { code: "draining" }]);
    expect(scene.receipts).toMatchObject([{ outcome: "failed", code: "draining" }]);
    expect(scene.receipts[0]?.cost).toBeGreaterThan(0n);
    open();
    await scene.finish(1);
  });

  /** Red when a call keeps the room that its body took: the fifth finds none. */
  it("the bytes that a call held are given back, however it ends", async () => {
    const scene = await begin(host, { limits: { inFlight: "64 KB" } });
    const large = "z ".repeat(20_000);
    scene.answer(inTurn(hello, fails(400), streams([role], "reset"), hello));
    for (const content of [large, large, `${secret} ${large}`, large, large]) {
      expect((await scene.call(asking(content))).text).not.toContain("overloaded");
    }
    expect(scene.receipts.map(({ code }) => code)).not.toContain("overloaded");
    await scene.finish(5);
  });

  /** Red when a method is not looked at before the call is let in. */
  it.each(["GET", "HEAD"])("%s where a body belongs", async (method) => {
    const scene = await begin(host);
    scene.answer(hello);
    const { body: _body, ...asked } = asking("hello");
    if (!host.mutates) return scene.finish(0);
    const got = await scene.call({ ...asked, method });
    expect([got.status, got.headers.allow]).toEqual([405, "POST"]);
    if (method === "GET") expect(JSON.parse(got.text).error.code).toBe("method_not_allowed");
    expect(scene.requests).toHaveLength(0);
    await scene.finish(1);
  });
});
