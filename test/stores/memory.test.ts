import type { Entry } from "../../src/stores/ledger.ts";
import { createMemoryStores } from "../../src/stores/memory.ts";
import { createMemoryLedger } from "../../src/stores/memory-ledger.ts";
import type { CallRecord, NewRecord } from "../../src/stores/records.ts";
import { createSettledIds } from "../../src/stores/settled-ids.ts";
import { createCallContext, receiptOf } from "../doubles/attempt.ts";
import { createFakeClock } from "../doubles/clock.ts";

const lines = [{ key: "x", expiresAt: 1 }];
const reserve = (id: string, amount: bigint): Entry => ({ kind: "reserve", id, at: 0, amount, lines });
const settle = (id: string, amount: bigint): Entry => ({ kind: "settle", id, at: 1, amount, lines });

describe("the ledger in memory", () => {
  it("does not claim to survive the process", () => {
    expect(createMemoryLedger().durable).toBe(false);
  });

  it("keeps entries in order and totals over all of them", async () => {
    const ledger = createMemoryLedger();
    for (const entry of [reserve("a", 5n), reserve("a", 9n), reserve("b", 4n), settle("a", 7n)]) {
      await ledger.append(entry);
    }
    expect(ledger.entries().map(({ kind, id, amount }) => [kind, id, amount])).toEqual([
      ["reserve", "a", 5n],
      ["reserve", "a", 9n],
      ["reserve", "b", 4n],
      ["settle", "a", 7n],
    ]);
    expect(ledger.totals()).toEqual({ reserved: 2, settled: 1, charged: 7n });
  });

  it("takes a settlement once, however often it is appended, and no reservation after it", async () => {
    const ledger = createMemoryLedger();
    for (const entry of [reserve("a", 5n), settle("a", 3n), settle("a", 3n), reserve("a", 5n)]) {
      await ledger.append(entry);
    }
    expect(ledger.entries()).toHaveLength(2);
    expect(ledger.totals()).toEqual({ reserved: 1, settled: 1, charged: 3n });
  });

  it("forgets the oldest entries, never the totals", async () => {
    const ledger = createMemoryLedger(4);
    for (let i = 0; i < 10; i++) {
      await ledger.append(reserve(`${i}`, 1n));
      await ledger.append(settle(`${i}`, 1n));
    }
    expect(ledger.entries().map(({ id }) => id)).toEqual(["8", "8", "9", "9"]);
    expect(ledger.totals()).toEqual({ reserved: 10, settled: 10, charged: 10n });
  });
});

describe("records in memory", () => {
  const record = (id: string): NewRecord & { request: undefined } => ({
    receipt: receiptOf(createCallContext({ id }), []),
    traceId: "",
    spanId: "",
    request: undefined,
    answer: undefined,
  });
  const ids = (records: readonly CallRecord[]): string[] => records.map(({ receipt }) => receipt.id);

  it("lists the newest first, up to the limit, and keeps so many", async () => {
    const { records } = createMemoryStores({ clock: createFakeClock() }, { keep: 3 });
    await records.write([record("a"), record("b")]);
    expect(ids(await records.list(10))).toEqual(["b", "a"]);
    await records.write([record("c"), record("d")]);
    expect(ids(await records.list(10))).toEqual(["d", "c", "b"]);
    expect(ids(await records.list(2))).toEqual(["d", "c"]);
    expect(ids(await records.list(0))).toEqual([]);
  });
});

describe("ids settled lately", () => {
  it("are the newest, as many as asked for and at most twice as many", () => {
    const ids = createSettledIds(10);
    const names = Array.from({ length: 1_000 }, (_, i) => `id-${i}`);
    for (const name of names) ids.add(name);
    const known = names.filter((name) => ids.has(name));
    expect(known.length).toBeGreaterThanOrEqual(10);
    expect(known.length).toBeLessThanOrEqual(20);
    expect(known).toEqual(names.slice(-known.length));
  });
});
