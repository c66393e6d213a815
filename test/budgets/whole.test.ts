import { facts } from "../../src/facts.ts";
import { finalUsage, receiptOf } from "../doubles/attempt.ts";
import { create, input, micro } from "./scene.ts";

describe("a whole answer", () => {
  it("reserves its input and all that it declares, before it leaves, and the ledger knows", async () => {
    const { line, memory, start } = create();
    const { attempt, call } = await start();
    const need = BigInt(input) * micro + 1_000n * 10n * micro;
    expect(await line()).toMatchObject({ spent: 0n, held: need });
    expect(memory.ledger.entries()).toMatchObject([
      { kind: "reserve", id: `${call.id}/1`, amount: need, lines: [{ key: "everybody/2026-11-24" }] },
    ]);
    expect(attempt.changes).toEqual([]);
  });

  it("multiplies by its choices", async () => {
    const { line, start } = create();
    await start({ ask: { choices: 3 } });
    expect((await line())?.held).toBe(BigInt(input) * micro + 3_000n * 10n * micro);
  });

  it("counts each image at its bound", async () => {
    const { line, start } = create();
    await start({ ask: { images: 2, maxOutput: 1 } });
    expect((await line())?.held).toBe(BigInt(input + 2 * 65_536) * micro + 10n * micro);
  });

  it("is clamped to what its share affords, and says so", async () => {
    const { call, hooks, attempt } = await create().start({ ask: { maxOutput: 64_000 } });
    expect(attempt.changes).toEqual([{ maxOutput: 9_940 }]); // a tenth of the dollar, less the input
    expect(call.facts.get(facts.clamp)).toBe(9_940);
    expect(hooks.answer?.(receiptOf(call, []))).toEqual({ "x-postern-max-tokens": "9940" });
  });

  it("is clamped for each choice", async () => {
    const { attempt } = await create().start({ ask: { maxOutput: 64_000, choices: 7 } });
    expect(attempt.changes).toEqual([{ maxOutput: Math.floor(9_940 / 7) }]);
  });

  it("says nothing where it is not clamped", async () => {
    const { call, hooks } = await create().start();
    expect(call.facts.get(facts.clamp)).toBeUndefined();
    expect(hooks.answer?.(receiptOf(call, []))).toBeUndefined();
  });

  it("that declares nothing is limited to what every model accepts, unless all that a model can give is covered", async () => {
    const undeclared = { ask: { maxOutput: undefined } };
    expect((await create().start(undeclared)).attempt.changes).toEqual([{ maxOutput: 4_096 }]);
    expect((await create().start({ ask: { maxOutput: undefined, reasons: true } })).attempt.changes).toEqual([
      { maxOutput: 9_940 },
    ]);
    expect((await create([{ limit: "$100" }]).start(undeclared)).attempt.changes).toEqual([]);
  });

  it("is refused, not clamped, where its thinking would not fit", async () => {
    const { refusal, start } = create([{ limit: "$0.10" }]);
    const ask = { maxOutput: 20_000, thinkingBudget: 10_000 };
    expect((await refusal({ ask })).code).toBe("budget_exceeded");
    const { attempt } = await start({ ask: { ...ask, thinkingBudget: 5_000 } });
    expect(attempt.asked.maxOutput).toBeGreaterThan(5_000);
  });

  it("gives back what it did not need", async () => {
    const { line, memory, start } = create();
    const { attempt } = await start();
    await attempt.end({ usage: finalUsage(100, 50) });
    expect(await line()).toMatchObject({ spent: 600n * micro, held: 0n });
    expect(memory.ledger.totals()).toEqual({ reserved: 1, settled: 1, charged: 600n * micro });
  });
});

describe("near the end of a budget", () => {
  it("a short answer gets all that is left rather than a share of it", async () => {
    const { leave, start } = create();
    await leave(4_000n * micro); // 600 of input, 340 tokens
    const { attempt } = await start({ ask: { maxOutput: 256 } });
    expect(attempt.changes).toEqual([]);
  });

  it("a call gets what is left where that is less than a usual answer", async () => {
    const { leave, start } = create();
    await leave(1_600n * micro);
    expect((await start()).attempt.changes).toEqual([{ maxOutput: 100 }]);
  });

  it("a call is refused where no answer would fit, with 402, the budget, the rest and the reset", async () => {
    const { leave, refusal } = create();
    await leave(700n * micro);
    const { code, status, retryable, detail } = await refusal();
    expect({ code, status, retryable, detail }).toEqual({
      code: "budget_exceeded",
      status: 402,
      retryable: false,
      detail: { budget: "everybody per day", left: "$0.000700", resetSeconds: 43_200 },
    });
  });

  it("a refused call holds nothing and leaves no trace in the ledger", async () => {
    const { leave, line, memory, refusal } = create();
    await leave(700n * micro);
    const before = memory.ledger.entries().length;
    await refusal();
    expect((await line())?.held).toBe(0n);
    expect(memory.ledger.entries()).toHaveLength(before);
  });

  it("names the smallest of several budgets, without the caller's own values", async () => {
    const { refusal } = create([{ limit: "$100" }, { scope: { key: "*" }, limit: "$0.0001", window: "total" }]);
    expect((await refusal()).detail).toEqual({ budget: "key=* in total", left: "$0.000100" });
  });

  it("opens again with the next window", async () => {
    const { clock, leave, refusal, start } = create();
    await leave(0n);
    expect((await refusal()).code).toBe("budget_exceeded");
    clock.advance(12 * 3_600_000);
    await start();
  });
});
