import { finalUsage, receiptOf } from "../doubles/attempt.ts";
import { create, dollar, input, micro, rates } from "./scene.ts";

describe("what cannot be bounded", () => {
  it("is refused without a price", async () => {
    expect(await create().refusal({ rates: undefined })).toMatchObject({ code: "unpriced_model", status: 402 });
  });

  it("is refused where no budget says what to hold for it, and names why", async () => {
    const ask = { unbounded: ["remote_image", "file"] };
    expect(await create().refusal({ ask })).toMatchObject({
      code: "cost_unbounded",
      detail: { budget: "everybody per day", reason: "remote_image,file" },
    });
  });

  it("is refused where the provider may pick the model, unless it is said what to hold for that", async () => {
    const ask = { furtherModels: ["gpt-5-mini", "*"] };
    expect(await create().refusal({ ask })).toMatchObject({ code: "cost_unbounded", detail: { reason: "any_model" } });
    const both = { ...ask, unbounded: ["server_fallback"] };
    expect((await create().refusal({ ask: both })).detail.reason).toBe("server_fallback,any_model");
    const { line, start } = create([{ limit: "$1", window: "day", unknown: "$0.05" }]);
    await start({ ask });
    expect((await line())?.held).toBe(BigInt(input) * micro + 10_000n * micro + 50_000n * micro);
  });

  it("is refused where a price is missing in its bound, unless it is said what to hold for that", async () => {
    const unbounded = { ...rates, bounded: false };
    const refusal = await create().refusal({ rates: unbounded });
    expect(refusal).toMatchObject({ code: "cost_unbounded", detail: { reason: "unpriced" } });
    const { line, start } = create([{ limit: "$1", window: "day", unknown: "$0.05" }]);
    await start({ rates: unbounded });
    expect((await line())?.held).toBe(BigInt(input) * micro + 10_000n * micro + 50_000n * micro);
  });

  it("costs at least what was held where the answer tells of something without a price", async () => {
    const { line, start } = create();
    const { attempt } = await start({ rates: { ...rates, knows: () => false } });
    await attempt.end({ usage: finalUsage(10, 10) });
    expect(await line()).toMatchObject({ held: 0n, spent: BigInt(input) * micro + 10_000n * micro });
  });

  it("is not what further models are that the request names: their prices are in the bound", async () => {
    const { attempt } = await create().start({ ask: { furtherModels: ["gpt-5-mini"] } });
    expect(attempt.refusal).toBeUndefined();
  });

  it("reserves what is configured for it, on top, and only then", async () => {
    const { line, start } = create([{ limit: "$1", window: "day", unknown: "$0.05" }]);
    const { attempt } = await start({ ask: { unbounded: ["file"] } });
    expect((await line())?.held).toBe(BigInt(input) * micro + 10_000n * micro + 50_000n * micro);
    await attempt.end({ usage: finalUsage(100, 50) });
    await start();
    expect((await line())?.held).toBe(BigInt(input) * micro + 10_000n * micro);
  });

  it("passes where no budget applies", async () => {
    const { start, stores } = create([{ scope: { team: "other" }, limit: "$1" }]);
    await start({ rates: undefined, ask: { unbounded: ["file"] } });
    expect(stores.calls("counters.reserve")).toBe(0);
  });

  it("does not matter where nothing is generated", async () => {
    const { start, stores } = create();
    for (const operation of ["count_tokens", "models", "model"] as const) {
      await start({ rates: undefined, ask: { operation, unbounded: ["file"] } });
    }
    expect(stores.calls("counters.reserve")).toBe(0);
  });
});

describe("observing", () => {
  const observe = { mode: "observe" } as const;

  it("notes what would have been refused, and counts what it cost all the same", async () => {
    const { leave, line, open } = create();
    await leave(0n);
    const { attempt, call, hooks } = open(observe);
    await expect(attempt.open(hooks)).rejects.toMatchObject({ code: "budget_exceeded" });
    const outcome = await attempt.end({ usage: finalUsage(10, 10) });
    expect(outcome.usage.final).toBe(true);
    await hooks.settle?.(receiptOf(call, [{ ...outcome, cost: 110n * micro }]));
    expect(await line()).toMatchObject({ spent: dollar + 110n * micro, held: 0n });
  });

  it("clamps nothing and cuts nothing", async () => {
    const { start } = create();
    const whole = await start({ ...observe, ask: { maxOutput: 64_000 } });
    expect(whole.attempt.asked.maxOutput).toBe(64_000);
    expect(whole.hooks.answer?.(receiptOf(whole.call, []))).toBeUndefined();
    const { attempt } = await start({ ...observe, ask: { stream: true } });
    for (let i = 0; i < 100; i++) expect(attempt.event(10_000)).toBe(true);
    expect(attempt.refusal).toBeUndefined();
  });

  it("settles what was spent beyond the reservation without a warning", async () => {
    const { line, log, start } = create();
    const { attempt } = await start({ ...observe, ask: { stream: true } });
    await attempt.end({ usage: finalUsage(10, 90_000) });
    expect(await line()).toMatchObject({ spent: 900_010n * micro, held: 0n });
    expect(log.lines.map(({ message }) => message)).not.toContain("a call cost more than it had reserved");
  });
});

describe("at the start", () => {
  const warning = "hard budgets stand over a ledger that forgets what was spent when the process ends";

  it("warns of a ledger that does not survive, where there are budgets", () => {
    expect(create().log.lines).toEqual([{ level: "warn", fields: { budgets: 1 }, message: warning }]);
    expect(create([]).log.lines).toEqual([]);
  });
});
