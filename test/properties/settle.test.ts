import fc from "fast-check";
import type { Receipt } from "../../src/index.ts";
import type { Fault as StoreFault, StoreOperation } from "../doubles/faulty-stores.ts";
import { anyFault, wordsOf } from "./settle-faults.ts";
import { type Caller, type Heard, type Outcome, playRun, type Run } from "./settle-scene.ts";

const caller: fc.Arbitrary<Caller> = fc.record({
  dialect: fc.constantFrom("openai", "anthropic"),
  stream: fc.boolean(),
  body: fc.oneof(
    { weight: 6, arbitrary: fc.constant("at once" as const) },
    { weight: 1, arbitrary: fc.constant("slowly" as const) },
    { weight: 1, arbitrary: fc.constant("broken off" as const) },
  ),
  leaves: fc.option(
    fc.record({
      after: fc.constantFrom("ms", "pieces"),
      count: fc.oneof(fc.nat(12), fc.constantFrom(1_500, 3_000, 11_000, 60_000)),
    }),
    { nil: undefined, freq: 2 },
  ),
  reads: fc.option(fc.constantFrom(1, 5_000, 40_000), { nil: undefined, freq: 4 }),
});

const storeFault = fc.record({
  operation: fc.constantFrom<StoreOperation>(
    "counters.reserve",
    "counters.settle",
    "counters.take",
    "ledger.append",
    "records.write",
  ),
  fault: fc.constantFrom<StoreFault>("fail", "lose", "hang", { delay: 500 }, { delay: 2_500 }, { linger: 2_500 }),
  times: fc.integer({ min: 1, max: 3 }),
});

const anyRun: fc.Arbitrary<Run> = fc.record({
  faults: fc.array(anyFault, { minLength: 1, maxLength: 6 }),
  callers: fc.array(caller, { minLength: 1, maxLength: 3 }),
  stores: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(storeFault, { maxLength: 3 }) },
  ),
  mode: fc.constantFrom("enforce", "enforce", "enforce", "observe"),
  limit: fc.constantFrom("$100", "$0.02", "$0.015", "$0.005"),
  closes: fc.option(fc.constantFrom(0, 1_000, 10_000), { nil: undefined, freq: 4 }),
});

/** A budget that ends within the answer, which seldom comes by chance. */
const cutShort: Run = {
  faults: [{ kind: "answer", at: 0, how: "nothing", crlf: false, cut: 0 }],
  callers: [{ dialect: "openai", stream: true, body: "at once", leaves: undefined, reads: undefined }],
  stores: [],
  mode: "enforce",
  limit: "$0.02",
  closes: undefined,
};

const marksIn = (text: string): readonly number[] => [
  ...new Set([...text.matchAll(/m(\d+)\./g)].map(([, number]) => Number(number))),
];

/** What the model says in a streamed or whole answer, its framing taken away. */
function saidIn(text: string): string {
  const texts = [...text.matchAll(/"(?:content|text)":"((?:[^"\\]|\\.)*)"/g)];
  return texts.map(([, said]) => JSON.parse(`"${said}"`) as string).join("");
}

/** Observing, what a store could not take is not held against the call. */
function checkMoney({ receipts, held, spent, totals }: Outcome, { mode, stores }: Run): void {
  const cost = receipts.flat().reduce((sum, receipt) => sum + receipt.cost, 0n);
  expect({ held, settled: totals.settled }).toEqual({ held: 0n, settled: totals.reserved });
  if (mode === "observe" && stores.length > 0) expect(spent).toBeLessThanOrEqual(cost);
  else expect({ spent, charged: totals.charged }).toEqual({ spent: cost, charged: cost });
}

function checkCalls({ heard, receipts, played }: Outcome, mode: Run["mode"]): void {
  heard.forEach((one, index) => {
    expect({ late: one.late, settlements: receipts[index]?.length }).toEqual({ late: false, settlements: 1 });
    expect(one.ends).toHaveLength(one.left ? 0 : 1);
    const marks = marksIn(one.text);
    expect(marks.length).toBeLessThanOrEqual(1);
    for (const mark of marks) expect(played[index]).toContain(mark);
    checkReceipt(one, receipts[index]?.[0], wordsOf(marks[0] ?? 0), mode);
  });
}

const restored = (words: string, mode: Run["mode"]): string =>
  mode === "observe" ? words : words.replace("[EMAIL_1]", "maria.lopez@example.com");

function checkReceipt(one: Heard, receipt: Receipt | undefined, words: string, mode: Run["mode"]): void {
  if (receipt === undefined) throw new Error("no receipt");
  expect(receipt.attempts.filter(({ committed }) => committed).length).toBeLessThanOrEqual(1);
  for (const { usage } of receipt.attempts) expect(usage.output).toBeLessThan(400);
  if (!one.left) expect(one.head?.status).toBe(receipt.status);
  if (receipt.outcome === "answered" && !one.left) {
    expect(one.ends).toEqual(["end"]);
    expect(saidIn(one.text)).toBe(restored(words, mode));
    expect(one.text).toContain('"role":"assistant"');
    if (receipt.usage.final) expect(receipt.usage.output).toBe(Math.ceil(words.length / 4));
  }
  // An answer that is not whole never looks whole; behind its own error a provider may say what it likes.
  const looksWhole = one.ends.includes("end") && /\[DONE\]|message_stop/.test(one.text);
  if (receipt.outcome !== "answered" && !one.text.includes("overloaded_error")) expect(looksWhole).toBe(false);
}

describe("under any fault of providers, stores and callers", () => {
  it("every call ends and settles once, the account balances, and no attempt shows up in another", async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(anyRun, async (run) => {
        const outcome = await playRun(run);
        checkCalls(outcome, run.mode);
        checkMoney(outcome, run);
        // No provider goes on working for nobody.
        expect(outcome.open).toBe(0);
        for (const receipt of outcome.receipts.flat()) seen.add(`${receipt.outcome} ${receipt.attempts.length > 1}`);
      }),
      { numRuns: 600, examples: [[cutShort]] },
    );
    // Each with one attempt and with several.
    const often = ["answered", "failed", "aborted"].flatMap((ending) => [`${ending} false`, `${ending} true`]);
    expect([...seen]).toEqual(expect.arrayContaining([...often, "refused false", "cut false"]));
  });
});
