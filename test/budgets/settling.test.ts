import type { Usage } from "../../src/dialects/dialect.ts";
import { facts } from "../../src/facts.ts";
import { createRates } from "../../src/metering/rates.ts";
import type { AttemptOutcome } from "../../src/step.ts";
import { finalUsage, receiptOf, ScriptedAttempt } from "../doubles/attempt.ts";
import { create, dollar, micro, type Options, rates } from "./scene.ts";

describe("settling", () => {
  interface Play {
    readonly call?: Options;
    /** Bytes of text, and what is reported before the end. */
    readonly flow?: number;
    readonly report?: Partial<Usage>;
    readonly end?: Partial<AttemptOutcome>;
  }

  const charge = async ({ call, flow = 0, report = {}, end }: Play): Promise<number> => {
    const { line, memory, start } = create();
    const { attempt } = await start(call);
    attempt.event(flow, report);
    await attempt.end(end);
    const { spent, held } = (await line()) ?? { spent: 0n, held: 0n };
    expect(held).toBe(0n);
    expect(memory.ledger.totals()).toEqual({ reserved: 1, settled: 1, charged: spent });
    return Number(spent / micro);
  };

  const stream: Options = { ask: { stream: true, maxOutput: 64_000 } };
  const reasoning: Options = { ask: { stream: true, maxOutput: 500, reasons: true } };
  const aborted = { result: "aborted", code: "call_aborted" } as const;
  const broken = { result: "broken", code: "upstream_broken" } as const;
  const rejected = { result: "rejected", status: undefined } as const;
  const reported = finalUsage(50, 7);

  it.each<readonly [what: string, play: Play, microDollars: number]>([
    ["nothing for what never left", { end: { result: "vetoed", sent: false } }, 0],
    ["nothing for an error status", { end: { ...rejected, status: 529, code: "upstream_error" } }, 0],
    ["nothing where nobody was reached", { end: { ...rejected, code: "upstream_unreachable" } }, 0],
    ["reported usage of a whole answer", { report: reported }, 120],
    ["reported usage of an aborted stream", { call: stream, report: reported, end: aborted }, 120],
    ["input and what flowed of an aborted stream", { call: stream, flow: 300, end: aborted }, 3_600],
    ["the input that was reported", { call: stream, flow: 300, report: { input: 40, output: 1 }, end: broken }, 3_040],
    ["input and what flowed of a stream that told no usage", { call: stream, flow: 300 }, 3_600],
    ["input and the text of a whole answer that told no usage", { flow: 300 }, 3_600],
    ["never more than was held", { call: stream, flow: 50_000, end: broken }, 25_000],
    [
      "the reservation of an aborted whole answer, which may be complete",
      { end: { ...aborted, status: undefined } },
      10_600,
    ],
    [
      "the reservation of a whole answer that came too late",
      { end: { ...rejected, code: "upstream_timeout" } },
      10_600,
    ],
    ["the reservation of a model that reasons", { call: reasoning, flow: 10, end: broken }, 5_600],
    [
      "only the input where the provider broke off before content",
      { end: { ...rejected, code: "upstream_broken" } },
      600,
    ],
  ])("charges %s", async (_, play, microDollars) => {
    expect(await charge(play)).toBe(microDollars);
  });

  it("tells the receipt what it charges where no usage was reported", async () => {
    const { attempt } = await create().start(stream);
    attempt.event(300);
    const outcome = await attempt.end({ result: "aborted", code: "call_aborted" });
    expect(outcome.cost).toBe(3_600n * micro);
  });

  it("charges what was reported even beyond the reservation, and says so aloud", async () => {
    const { line, log, start } = create();
    const { attempt, call } = await start({ ask: { maxOutput: 10 } });
    await attempt.end({ usage: finalUsage(2_000, 10) });
    expect((await line())?.spent).toBe(2_100n * micro);
    expect(log.lines).toContainEqual({
      level: "warn",
      fields: { call: call.id, target: "openai", over: "$0.001400" },
      message: "a call cost more than it had reserved",
    });
  });

  it("keeps each attempt's money apart, and the last clamp counts", async () => {
    const { line, memory, open } = create();
    const { call, hooks, attempt: first } = open({ ask: { maxOutput: 64_000 } });
    await first.open(hooks);
    await first.end({ result: "rejected", status: 500, code: "upstream_error" });
    const second = await new ScriptedAttempt(call, { number: 2, size: 88 + 1_000, rates }).open(hooks);
    expect(hooks.answer?.(receiptOf(call, []))).toEqual({ "x-postern-max-tokens": "9840" });
    await second.end({ usage: finalUsage(10, 10) });
    expect(await line()).toMatchObject({ spent: 110n * micro, held: 0n });
    expect(memory.ledger.entries().map(({ kind, id }) => `${kind} ${id.split("/")[1]}`)).toEqual([
      "reserve 1",
      "settle 1",
      "reserve 2",
      "settle 2",
    ]);
  });

  it("names no clamp where the attempt that answers needed none", async () => {
    const { open } = create();
    const other = open({ ask: { maxOutput: 64_000 } });
    await other.attempt.open(other.hooks);
    expect(other.hooks.answer?.(receiptOf(other.call, []))).toBeDefined();
    await other.attempt.end({ result: "rejected", status: 500, code: "upstream_error" });
    const cheap = createRates([
      { above: -1, input: 1n, output: 1n, cacheRead: 1n, cacheWrite: 1n, cacheWriteLong: 1n },
    ]);
    await new ScriptedAttempt(other.call, { number: 2, rates: cheap }).open(other.hooks);
    expect(other.hooks.answer?.(receiptOf(other.call, []))).toBeUndefined();
  });

  it("tells what is left of the tightest budget", async () => {
    const { start } = create([{ limit: "$5" }, { scope: { key: "web" }, limit: "$1", window: "day" }]);
    const { attempt, call } = await start();
    expect(call.facts.get(facts.budget)?.()).toEqual({ name: "key=web per day", left: dollar - 10_600n * micro });
    await attempt.end({ usage: finalUsage(10, 10) });
    expect(call.facts.get(facts.budget)?.()).toEqual({ name: "key=web per day", left: dollar - 110n * micro });
  });

  it("knows of no budget where none applies", async () => {
    const { call } = await create([]).start();
    expect(call.facts.get(facts.budget)?.()).toBeUndefined();
  });
});
