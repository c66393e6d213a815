import fc from "fast-check";
import type { Usage } from "../../../src/dialects/dialect.ts";
import { type ErrorCode, errorTable } from "../../../src/errors.ts";
import type { Redacted } from "../../../src/facts.ts";
import type { AttemptOutcome, Receipt } from "../../../src/step.ts";
import { createMemoryRecords } from "../../../src/stores/memory-records.ts";
import type { CallRecord, Records } from "../../../src/stores/records.ts";
import { createRecorder } from "../../../src/tracing/recorder.ts";
import { createCallContext, receiptOf } from "../../doubles/attempt.ts";
import { bytesOf, createScene, query, written } from "./scene.ts";

const scene = createScene();

const record = (id: string, text?: string, startedAt = scene.clock.now()): CallRecord => ({
  receipt: { ...receiptOf(createCallContext({ id }), []), startedAt },
  traceId: "",
  spanId: "",
  request: text as Redacted | undefined,
  answer: undefined,
});
const ids = (records: readonly CallRecord[]): string[] => records.map(({ receipt }) => receipt.id);

const kinds: readonly (readonly [name: string, create: () => Promise<Records>])[] = [
  ["memory", async () => createMemoryRecords(1_000)],
  ["sqlite", async () => (await scene.start(scene.newPath())).records],
];

const text = fc.string({ unit: "binary", maxLength: 20 }).filter((value) => !/[\0\ud800-\udfff]/.test(value));
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const count = fc.nat();
const time = fc.double({ min: 0, max: 2 ** 45, noNaN: true });
const money = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const code = optional(fc.constantFrom(...(Object.keys(errorTable) as ErrorCode[])));
const tokens = { input: count, output: count, cacheRead: count, cacheWrite: count, cacheWriteLong: count };
const usage: fc.Arbitrary<Usage> = fc.record({
  ...tokens,
  reasoning: count,
  serviceTier: optional(text),
  model: optional(text),
  others: fc.array(fc.record({ ...tokens, model: text }), { maxLength: 2 }),
  serverTools: fc.record({ webSearch: count }, { requiredKeys: [] }) as fc.Arbitrary<Usage["serverTools"]>,
  final: fc.boolean(),
});
const attempt = fc.record({
  target: text,
  provider: fc.constantFrom("openai", "anthropic"),
  model: text,
  result: fc.constantFrom("answered", "rejected", "vetoed", "broken", "cut", "aborted"),
  code,
  status: optional(count),
  reason: optional(text),
  retryAfter: optional(time),
  losses: fc.array(text, { maxLength: 2 }),
  sent: fc.boolean(),
  committed: fc.boolean(),
  usage,
  flowed: time,
  cost: money,
  startedAt: time,
  firstByte: optional(time),
  duration: time,
}) as fc.Arbitrary<Omit<AttemptOutcome, "number">>;
const receipt = fc.record({
  outcome: fc.constantFrom("answered", "refused", "failed", "cut", "aborted"),
  status: count,
  code,
  dialect: text,
  operation: text,
  model: text,
  prompt: optional(fc.record({ name: text, version: count })),
  stream: fc.boolean(),
  target: optional(text),
  attempts: fc
    .array(attempt, { maxLength: 3 })
    .map((all) => all.map((each, index) => ({ number: index + 1, ...each }))),
  usage,
  cost: money,
  budget: optional(fc.record({ name: text, left: fc.bigInt() })),
  findings: fc.array(fc.record({ type: text, action: fc.constantFrom("masked", "blocked", "flagged"), count }), {
    maxLength: 2,
  }),
  key: optional(text),
  attributes: fc.record({ team: text, project: text, feature: text, customer: text }, { requiredKeys: [] }),
  startedAt: time,
  duration: time,
  overhead: time,
  observed: fc.array(fc.constantFrom("budget_exceeded", "secret_blocked"), { maxLength: 2 }),
}) as fc.Arbitrary<Omit<Receipt, "id">>;
const texts = optional(text) as fc.Arbitrary<Redacted | undefined>;

describe.each(kinds)("records: %s", (_, create) => {
  it("come back as they were, whatever is in them", async () => {
    const records = await create();
    let count = 0;
    await fc.assert(
      fc.asyncProperty(receipt, texts, texts, async (fields, request, answer) => {
        const wanted = { receipt: { id: `call-${++count}`, ...fields }, traceId: "t", spanId: "s", request, answer };
        const [, [newest]] = await Promise.all([records.write(written([wanted])), records.list(1)]);
        expect(newest).toEqual(wanted);
      }),
    );
    expect(count).toBeGreaterThanOrEqual(100);
  });

  it("may be none at all", async () => {
    const records = await create();
    await records.write(written([]));
    expect(await records.list(1)).toEqual([]);
  });

  it("are listed newest first, up to the limit", async () => {
    const records = await create();
    const all = [records.write(written([record("a"), record("b")])), records.write(written([record("c")]))];
    expect(ids(await records.list(2))).toEqual(["c", "b"]);
    expect(ids(await records.list(10))).toEqual(["c", "b", "a"]);
    expect(ids(await records.list(0))).toEqual([]);
    await Promise.all(all);
  });
});

describe("records in a file", () => {
  it("are on file when write resolves, a row for the call and one for each attempt", async () => {
    const path = scene.newPath();
    const { records } = await scene.start(path);
    const [fields] = fc.sample(
      receipt.filter(({ attempts }) => attempts.length > 1),
      { numRuns: 1, seed: 7 },
    );
    await records.write(written([{ ...record("a"), receipt: { ...(fields as Receipt), id: "a" } }]));
    expect(query(path, "SELECT id FROM calls")).toEqual([{ id: "a" }]);
    const attempts = query(path, "SELECT call, number FROM attempts").map(({ call, number }) => `${call}/${number}`);
    expect(attempts).toEqual(fields?.attempts.map(({ number }) => `a/${number}`));
  });

  it("are written in one piece or not at all: a call that is there already changes nothing", async () => {
    const path = scene.newPath();
    const { records } = await scene.start(path);
    await records.write(written([record("a", "first")]));
    await records.write(written([record("a", "second"), record("b")]));
    expect((await records.list(10)).map(({ receipt: { id }, request }) => [id, request])).toEqual([
      ["b", undefined],
      ["a", "first"],
    ]);
  });

  it("show what stands behind a NUL, where SQLite's readers end", async () => {
    const { records } = await scene.start(scene.newPath());
    await records.write(written([record("a", "before\0behind")]));
    expect((await records.list(1))[0]?.request).toBe("before\u2400behind");
  });

  it("leave no trace of a record that cannot be written down, nor harm the tick's others", async () => {
    const { records } = await scene.start(scene.newPath());
    const good = records.write(written([record("a")]));
    const broken = { ...record("b"), receipt: { ...record("b").receipt, findings: [{ type: "EMAIL", count: 1n }] } };
    await expect(records.write(written([record("c"), broken as never]))).rejects.toThrow(TypeError);
    await good;
    await records.write(written([record("d")]));
    expect(ids(await records.list(10))).toEqual(["d", "a"]);
  });

  it("are refused, and so dropped and counted, while too much waits; the ledger is not", async () => {
    const stores = await scene.start(scene.newPath());
    const wide = "x".repeat(33_000_000);
    const waiting = [stores.records.write(written([record("a", wide)]))];
    await new Promise<void>((resolve) => setImmediate(resolve));
    waiting.push(stores.records.write(written([record("b", wide)])));
    await new Promise<void>((resolve) => setImmediate(resolve));
    const recorder = createRecorder({ stores, log: scene.log });
    for (const each of written([record("c")])) recorder.add(each);
    await recorder.close();
    expect(recorder.dropped).toBe(1);
    await Promise.all(waiting);
    expect(ids(await stores.records.list(10))).toEqual(["b", "a"]);
  });

  it("are forgotten after their time, their texts too, and no byte of them is left", async () => {
    const path = scene.newPath();
    const { records } = await scene.start(path, { retention: 5_000_000 });
    const begun = scene.clock.now();
    const old = Array.from({ length: 250 }, (_, index) => record(`old-${index}`, `Vergissmeinnicht-${index}`, begun));
    await records.write(written(old));
    await records.write(written([record("new", "Immergrün", begun + 3_600_000)]));
    scene.clock.advance(3_600_000);
    expect(await records.list(1_000)).toHaveLength(251);
    scene.clock.advance(3_600_000);
    while ((await records.list(2)).length > 1) await new Promise<void>((resolve) => setImmediate(resolve));
    expect((await records.list(2))[0]).toMatchObject({ receipt: { id: "new" }, request: "Immergrün" });
    for (const table of ["attempts", "payloads"]) {
      expect(query(path, `SELECT count(*) AS count FROM ${table}`)).toEqual([
        { count: table === "payloads" ? 1n : 0n },
      ]);
    }
    await records.close();
    expect(bytesOf(path).includes("Vergissmeinnicht")).toBe(false);
  });
});
