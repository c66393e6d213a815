import { finalUsage } from "../doubles/attempt.ts";
import { create, micro, settled } from "./scene.ts";

describe("when stores fail, a hard budget closes", () => {
  it.each([["counters.reserve"], ["ledger.append"]] as const)("%s rejects", async (operation) => {
    const { line, refusal, stores } = create();
    stores.break(operation, "fail", 1);
    expect(await refusal()).toMatchObject({
      code: "store_unavailable",
      status: 503,
      retryable: true,
      retryAfter: 1_000,
    });
    await settled();
    expect(await line()).toMatchObject({ spent: 0n, held: 0n });
  });

  it.each([["counters.reserve"], ["ledger.append"]] as const)("%s does it and loses the answer", async (operation) => {
    const { line, memory, refusal, stores } = create();
    stores.break(operation, "lose", 1);
    expect((await refusal()).code).toBe("store_unavailable");
    await settled();
    expect(await line()).toMatchObject({ spent: 0n, held: 0n });
    const { reserved, settled: closed } = memory.ledger.totals();
    expect(closed).toBe(reserved);
  });

  it.each([["counters.reserve"], ["ledger.append"]] as const)(
    "%s takes longer than two seconds, and then does it",
    async (operation) => {
      const { clock, line, memory, open, stores } = create();
      stores.break(operation, "hang", 1);
      const { attempt, hooks } = open();
      const opening = attempt.open(hooks);
      await settled();
      clock.advance(1_999);
      await settled();
      clock.advance(1);
      await expect(opening).rejects.toMatchObject({ code: "store_unavailable" });
      await settled();
      stores.mend();
      await settled();
      expect(await line()).toMatchObject({ spent: 0n, held: 0n });
      const { reserved, settled: closed } = memory.ledger.totals();
      expect(closed).toBe(reserved);
    },
  );

  it("but waits for one that is only slow", async () => {
    const { clock, open, stores } = create();
    stores.break("counters.reserve", { delay: 1_500 });
    const { attempt, hooks } = open();
    const opening = attempt.open(hooks);
    await settled();
    clock.advance(1_500);
    await opening;
    expect(clock.pending).toBe(0);
  });

  it("a settlement is tried again until it is written, and holds nobody up", async () => {
    const { clock, line, log, memory, start, step, stores } = create();
    const { attempt } = await start();
    stores.break("counters.settle", "fail", 2);
    stores.break("ledger.append", "lose", 1);
    await attempt.end({ usage: finalUsage(10, 10) });
    expect((await line())?.held).toBe(10_600n * micro);
    for (const ms of [200, 1_000]) {
      clock.advance(ms);
      await settled();
    }
    expect(await line()).toMatchObject({ spent: 110n * micro, held: 0n });
    expect(memory.ledger.totals()).toMatchObject({ reserved: 1, settled: 1, charged: 110n * micro });
    expect(log.lines.filter(({ message }) => message === "a settlement is not written yet")).toHaveLength(1);
    await step.close?.();
  });

  it("a settlement that cannot be written in five minutes is logged by code, and its money stays held", async () => {
    const { clock, line, log, start, stores } = create();
    const { attempt, call } = await start();
    stores.break("counters.settle", "hang");
    const ending = attempt.end({ usage: finalUsage(10, 10) });
    for (let i = 0; i < 400; i++) {
      clock.advance(1_000);
      await settled();
    }
    await ending;
    expect((await line())?.held).toBe(10_600n * micro);
    expect(log.lines.at(-1)).toEqual({
      level: "error",
      fields: { call: `${call.id}/1`, code: "store_unavailable", store: "counters" },
      message: "a settlement was not written; its money stays held",
    });
  });

  it("closing waits for settlements, not for ever", async () => {
    const { clock, start, step, stores } = create();
    const { attempt } = await start();
    stores.break("counters.settle", "fail");
    await attempt.end({ usage: finalUsage(10, 10) });
    let closed = false;
    const closing = Promise.resolve(step.close?.()).then(() => {
      closed = true;
    });
    await settled();
    expect(closed).toBe(false);
    clock.advance(10_000);
    await closing;
    expect(closed).toBe(true);
  });

  it("a stream flows to the end of what it holds and is cut there, with the store's own code", async () => {
    const { start, stores } = create();
    const { attempt } = await start({ ask: { stream: true, maxOutput: 64_000 } });
    stores.break("counters.reserve", "fail");
    let flowed = 0;
    while (attempt.event(64) && flowed < 10_000) {
      flowed += 64;
      await settled();
    }
    // A fortieth of the dollar, less 600 micro-dollars of input, pays for 2,440 tokens.
    expect(flowed).toBe(2_432);
    expect(attempt.refusal?.code).toBe("store_unavailable");
  });

  it("a stream goes on when the store comes back in time", async () => {
    const { start, stores } = create();
    const { attempt } = await start({ ask: { stream: true, maxOutput: 64_000 } });
    stores.break("counters.reserve", "fail", 3);
    for (let i = 0; i < 100; i++) {
      expect(attempt.event(64)).toBe(true);
      await settled();
    }
    expect(attempt.refusal).toBeUndefined();
  });

  it("a growth that the ledger missed is entered later, not reserved twice", async () => {
    const { line, memory, start, stores } = create([{ limit: "$10", window: "day" }]);
    const { attempt } = await start({ ask: { stream: true, maxOutput: 64_000 } });
    stores.break("ledger.append", "fail", 1);
    attempt.event(3_100);
    await settled();
    expect(memory.ledger.entries()).toHaveLength(1);
    attempt.event(500);
    await settled();
    expect(stores.calls("counters.reserve")).toBe(2);
    expect(memory.ledger.entries().at(-1)?.amount).toBe((await line())?.held);
    expect(attempt.event(3_000)).toBe(true);
    await settled();
    expect(attempt.refusal).toBeUndefined();
  });

  it("a growth that is on its way when the attempt ends leaves nothing held", async () => {
    const { line, memory, start, stores } = create();
    const { attempt } = await start({ ask: { stream: true, maxOutput: 64_000 } });
    stores.break("counters.reserve", "hang", 1);
    attempt.event(3_000);
    const ending = attempt.end({ result: "aborted", code: "call_aborted" });
    await settled();
    stores.mend();
    await ending;
    expect(await line()).toMatchObject({ held: 0n });
    expect(memory.ledger.entries().map(({ kind }) => kind)).toEqual(["reserve", "reserve", "settle"]);
  });

  it("names stores and calls in what it logs, nothing else", async () => {
    const { log, refusal, stores } = create();
    stores.break("counters.reserve", "fail");
    const error = await refusal();
    expect(error.detail).toEqual({ store: "counters" });
    expect(JSON.stringify([error.message, log.lines])).not.toContain("on command");
  });
});
