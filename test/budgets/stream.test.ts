import { finalUsage } from "../doubles/attempt.ts";
import { create, dollar, input, micro, rates, settled } from "./scene.ts";

describe("a stream", () => {
  const ask = { stream: true, maxOutput: 64_000 };

  it("keeps its max_tokens and reserves a little ahead", async () => {
    const { line, start } = create([{ limit: "$10", window: "day" }]);
    const { attempt } = await start({ ask });
    expect(attempt.changes).toEqual([]);
    expect((await line())?.held).toBe(BigInt(input) * micro + 4_096n * 10n * micro);
  });

  it("takes a fortieth of what is left at most, since it can ask again", async () => {
    const { line, start } = create();
    await start({ ask });
    expect((await line())?.held).toBe(dollar / 40n);
  });

  it("reserves no more than it can give", async () => {
    const { line, start } = create();
    await start({ ask: { ...ask, maxOutput: 100 } });
    expect((await line())?.held).toBe(BigInt(input) * micro + 100n * 10n * micro);
  });

  it("grows ahead of what flows, in counters and ledger, and is not cut while there is money", async () => {
    const { line, memory, start } = create([{ limit: "$10", window: "day" }]);
    const { attempt } = await start({ ask });
    for (let i = 0; i < 200; i++) {
      expect(attempt.event(200)).toBe(true);
      await settled();
      expect(((await line())?.held ?? 0n) >= rates.bound(input, attempt.flowed)).toBe(true);
    }
    expect(attempt.refusal).toBeUndefined();
    expect(memory.ledger.entries().at(-1)?.amount).toBe((await line())?.held);
    expect(memory.ledger.entries().length).toBeLessThan(20);
  });

  it("asks for more before the old is used up, not on every event", async () => {
    const { start, stores } = create();
    const { attempt } = await start({ ask });
    for (let i = 0; i < 18; i++) attempt.event(100);
    await settled();
    expect(stores.calls("counters.reserve")).toBe(1);
    attempt.event(100);
    expect(stores.calls("counters.reserve")).toBe(2);
  });

  it("is cut where the money ends, and the event that went beyond is not passed on", async () => {
    const { line, refusal, start } = create([{ limit: "$0.05", window: "day" }]);
    const { attempt } = await start({ ask });
    let passed = 0;
    while (attempt.refusal === undefined && passed < 1_000) {
      if (attempt.event(50)) passed++;
      await settled();
    }
    expect(attempt.refusal).toMatchObject({ code: "budget_exceeded", detail: { budget: "everybody per day" } });
    expect(attempt.event(50)).toBe(false);
    // $0.05 less 600 micro-dollars of input pays for 4,940 tokens.
    expect(passed * 50).toBeGreaterThan(4_800);
    expect(passed * 50).toBeLessThanOrEqual(4_940 + 50);
    await attempt.end({ result: "cut", code: "budget_exceeded" });
    const after = await line();
    expect(after?.held).toBe(0n);
    expect((after?.spent ?? 0n) <= 50_000n * micro).toBe(true);
    expect((await refusal()).code).toBe("budget_exceeded");
  });

  it("flows on with money that another call gives back in time", async () => {
    const { start } = create([{ limit: "$0.10", window: "day", share: 1 }]);
    const other = await start({ ask: { maxOutput: 5_000 } });
    const { attempt } = await start({ ask });
    for (let i = 0; i < 70; i++) {
      attempt.event(50);
      await settled();
    }
    await other.attempt.end({ usage: finalUsage(10, 10) });
    for (let i = 0; i < 70; i++) {
      expect(attempt.event(50)).toBe(true);
      await settled();
    }
    expect(attempt.refusal).toBeUndefined();
  });

  it("is not cut for coming in one burst while its money is there", async () => {
    const { start } = create([{ limit: "$10", window: "day" }]);
    const { attempt } = await start({ ask });
    for (let i = 0; i < 300; i++) expect(attempt.event(200)).toBe(true);
    await settled();
    expect(attempt.refusal).toBeUndefined();
    expect(attempt.event(200)).toBe(true);
  });

  it("is cut right after a burst whose money is not there", async () => {
    const { start } = create([{ limit: "$0.05", window: "day" }]);
    const { attempt } = await start({ ask });
    for (let i = 0; i < 100; i++) attempt.event(200);
    await settled();
    expect(attempt.refusal?.code).toBe("budget_exceeded");
    expect(attempt.event(1)).toBe(false);
  });

  it("never passes what is not held where the counters are in this process, in whatever bursts it comes", async () => {
    const { line, memory, start } = create([{ limit: "$0.05", window: "day" }], "own");
    const { attempt } = await start({ ask });
    let passed = 0;
    while (attempt.event(200)) {
      passed += 200;
      expect(((await line())?.held ?? 0n) >= rates.bound(input, passed)).toBe(true);
    }
    expect(attempt.refusal?.code).toBe("budget_exceeded");
    expect(passed).toBeGreaterThan(4_600);
    await attempt.end({ result: "cut", code: "budget_exceeded" });
    expect(memory.ledger.entries().at(-1)?.kind).toBe("settle");
  });

  it("is never let further ahead than one read of a socket", async () => {
    const { start, stores } = create([{ limit: "$100", window: "day" }]);
    const { attempt } = await start({ ask: { stream: true, maxOutput: undefined } });
    stores.break("counters.reserve", "hang");
    let flowed = 0;
    while (flowed < 200_000 && attempt.event(1_000)) flowed += 1_000;
    expect(attempt.refusal?.code).toBe("budget_exceeded");
    expect(flowed).toBeLessThanOrEqual(4_096 + 65_536);
  });

  it("is not cut once its final usage is known", async () => {
    const { start, stores } = create();
    const { attempt } = await start({ ask: { stream: true, maxOutput: undefined } });
    stores.break("counters.reserve", "hang");
    expect(attempt.event(500_000, finalUsage(100, 60_000))).toBe(true);
    expect(attempt.refusal).toBeUndefined();
  });

  it("cannot cost more than its max_tokens, however many bytes flow", async () => {
    const { start, stores } = create();
    const { attempt } = await start({ ask: { stream: true, maxOutput: 1_000 } });
    for (let i = 0; i < 100; i++) expect(attempt.event(1_000)).toBe(true);
    expect(stores.calls("counters.reserve")).toBe(1);
  });

  it("of a model that reasons reserves like a whole answer, clamped, since hidden tokens do not flow", async () => {
    const { line, start } = create();
    const { attempt } = await start({ ask: { ...ask, reasons: true } });
    expect(attempt.changes).toEqual([{ maxOutput: 9_940 }]);
    expect((await line())?.held).toBe(dollar / 10n);
  });
});
