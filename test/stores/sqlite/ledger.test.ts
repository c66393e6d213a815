import type { Ledger } from "../../../src/stores/ledger.ts";
import { createMemoryLedger } from "../../../src/stores/memory-ledger.ts";
import type { Stores } from "../../../src/stores/stores.ts";
import { createFaultyStores } from "../../doubles/faulty-stores.ts";
import { change, createScene, dollar, lines, noon, query, reserve, settle } from "./scene.ts";

const scene = createScene();

interface Account {
  readonly ledger: Ledger;
  /** Ids that were reserved or charged, ids that were settled, and all that was charged. */
  totals(): { readonly reserved: number; readonly settled: number; readonly charged: bigint };
}

/** The account in a new file, as it is or behind a double of the stores. */
async function inFile(wrap: (stores: Stores) => Stores): Promise<Account> {
  const path = scene.newPath();
  const { ledger } = wrap(await scene.start(path));
  const sql =
    "SELECT count(*) AS reserved, count(charged) AS settled, coalesce(sum(charged), 0) AS charged FROM ledger";
  return {
    ledger,
    totals() {
      const [row] = query(path, sql);
      return { reserved: Number(row?.reserved), settled: Number(row?.settled), charged: row?.charged as bigint };
    },
  };
}

const kinds: readonly (readonly [name: string, create: () => Promise<Account>])[] = [
  [
    "memory",
    async () => {
      const ledger = createMemoryLedger();
      return { ledger, totals: ledger.totals };
    },
  ],
  ["sqlite", () => inFile((stores) => stores)],
  ["sqlite, behind the double, without a fault", () => inFile((stores) => createFaultyStores(stores, scene.clock))],
];

describe.each(kinds)("the account of money: %s", (_, create) => {
  it("counts an attempt once, however often its reservation grows", async () => {
    const { ledger, totals } = await create();
    for (const entry of [reserve("a/1", 5n), reserve("a/1", 9n), reserve("b/1", 4n), settle("a/1", 7n)]) {
      await ledger.append(entry);
    }
    expect(totals()).toEqual({ reserved: 2, settled: 1, charged: 7n });
  });

  it("takes a settlement once, however often it is appended, and no reservation after it", async () => {
    const { ledger, totals } = await create();
    for (const entry of [
      reserve("a/1", 5n),
      settle("a/1", 3n),
      settle("a/1", 3n),
      settle("a/1", 4n),
      reserve("a/1", 50n),
    ]) {
      await ledger.append(entry);
    }
    expect(totals()).toEqual({ reserved: 1, settled: 1, charged: 3n });
  });

  it("takes many at once, in their order", async () => {
    const { ledger, totals } = await create();
    const ids = Array.from({ length: 200 }, (_, index) => `${index}/1`);
    await Promise.all(
      ids.flatMap((id) => [
        ledger.append(reserve(id, 5n)),
        ledger.append(settle(id, 2n)),
        ledger.append(settle(id, 9n)),
      ]),
    );
    expect(totals()).toEqual({ reserved: 200, settled: 200, charged: 400n });
  });
});

describe("the ledger in a file", () => {
  const rowsOf = (path: string) => query(path, "SELECT * FROM ledger ORDER BY id");
  const balancesOf = (path: string) =>
    query(path, "SELECT key, dollars, pico FROM lines ORDER BY key").map((row) => Object.values(row));

  it("survives the process, and says so", async () => {
    expect((await scene.start(scene.newPath())).ledger.durable).toBe(true);
  });

  it("has a reservation on file, for any process to see, when append resolves", async () => {
    const path = scene.newPath();
    const { ledger } = await scene.start(path);
    await ledger.append(reserve("a/1", 5n));
    expect(rowsOf(path)).toMatchObject([
      { id: "a/1", reserved: 5n, lease_until: noon + 60_000, charged: null, lapsed: 0n },
    ]);
    await ledger.append(reserve("a/1", 9n));
    expect(rowsOf(path)).toMatchObject([{ id: "a/1", reserved: 9n }]);
  });

  it("writes all calls of a tick together", async () => {
    const path = scene.newPath();
    const { ledger } = await scene.start(path);
    const appends = Array.from({ length: 100 }, (_, index) => ledger.append(reserve(`${index}/1`, 1n)));
    await Promise.race(appends);
    expect(rowsOf(path)).toHaveLength(100);
  });

  it("sends a settlement along with the next reservation, and soon where none comes", async () => {
    const path = scene.newPath();
    const { ledger } = await scene.start(path);
    const settled = ledger.append(settle("a/1", 1n));
    await ledger.append(reserve("b/1", 1n));
    expect(rowsOf(path)).toMatchObject([{ id: "a/1", charged: 1n }, { id: "b/1" }]);
    await settled;
    await ledger.append(settle("b/1", 1n));
    expect(rowsOf(path)).toMatchObject([{ id: "a/1" }, { id: "b/1", charged: 1n }]);
  });

  it("never lowers what is held, in whatever order growth arrives", async () => {
    const path = scene.newPath();
    const { ledger } = await scene.start(path);
    await Promise.all([ledger.append(reserve("a/1", 9n)), ledger.append(reserve("a/1", 5n))]);
    expect(rowsOf(path)).toMatchObject([{ reserved: 9n }]);
  });

  it("charges all lines of an attempt, once", async () => {
    const path = scene.newPath();
    const { ledger } = await scene.start(path);
    for (const entry of [reserve("a/1", 5n), settle("a/1", 3n), settle("a/1", 3n), settle("b/1", 4n)])
      await ledger.append(entry);
    expect(balancesOf(path)).toEqual([
      ["everybody/total", 0n, 7n],
      ["team=search/2026-11-24", 0n, 7n],
    ]);
  });

  it("charges what was spent without a reservation on file, and then takes none", async () => {
    const path = scene.newPath();
    const { ledger } = await scene.start(path);
    for (const entry of [settle("a/1", 3n), reserve("a/1", 5n)]) await ledger.append(entry);
    expect(rowsOf(path)).toMatchObject([{ id: "a/1", reserved: 0n, charged: 3n }]);
  });

  it("keeps totals exact beyond what 64 bits hold in pico-dollars", async () => {
    const path = scene.newPath();
    const stores = await scene.start(path);
    const cost = 9_000_000n * dollar + 999_999_999_999n;
    for (const id of ["a", "b", "c"]) await stores.ledger.append(settle(id, cost));
    expect(balancesOf(path)[0]).toEqual(["everybody/total", 27_000_002n, 999_999_999_997n]);
    await stores.ledger.close();
    const again = await scene.start(path);
    expect(await again.counters.read(["everybody/total"])).toMatchObject([{ spent: 3n * cost }]);
  });

  it.each([2n ** 63n, -1n])(
    "refuses an amount that a column cannot hold (%s), and keeps the tick's others",
    async (amount) => {
      const path = scene.newPath();
      const { ledger } = await scene.start(path);
      const good = ledger.append(reserve("good", 1n));
      await expect(ledger.append(reserve("bad", amount))).rejects.toThrow("out of range");
      await good;
      expect(rowsOf(path)).toMatchObject([{ id: "good" }]);
    },
  );

  it("is not held up by a tick in which all was refused", async () => {
    const path = scene.newPath();
    const { ledger } = await scene.start(path);
    await expect(ledger.append(reserve("bad", -1n))).rejects.toThrow("out of range");
    await ledger.append(reserve("good", 1n));
    expect(rowsOf(path)).toMatchObject([{ id: "good" }]);
  });

  it("says no while the file takes nothing, and goes on when it does again", async () => {
    const path = scene.newPath();
    const { ledger } = await scene.start(path);
    const { sql } = query(path, "SELECT sql FROM sqlite_schema WHERE name = 'lines'")[0] ?? {};
    change(path, "DROP TABLE lines");
    const failing = settle("a/1", 1n);
    await expect(ledger.append(failing)).rejects.toThrow("the ledger could not be written");
    await expect(ledger.append(failing)).rejects.toThrow("the ledger could not be written");
    expect(rowsOf(path)).toEqual([]);
    change(path, String(sql));
    await ledger.append(failing);
    expect(rowsOf(path)).toMatchObject([{ id: "a/1", charged: 1n }]);
    expect(scene.log.lines.filter(({ message }) => message === "a store cannot be written")).toHaveLength(1);
  });

  it("forgets what was settled long ago, little by little, and never a total that runs or what is open", async () => {
    const path = scene.newPath();
    const stores = await scene.start(path, { ledgerRetention: 1_000 });
    const ids = Array.from({ length: 1_200 }, (_, index) => `${index}/1`);
    await Promise.all([
      ...ids.map((id) => stores.ledger.append(settle(id, 1n))),
      stores.ledger.append(reserve("open", 5n)),
    ]);
    scene.clock.advance(3_600_000);
    // Two requests are answered in between: retention works while the file serves.
    while (rowsOf(path).length > 1) await stores.records.list(1);
    expect(rowsOf(path)).toMatchObject([{ id: "open", charged: null }]);
    expect(balancesOf(path)).toContainEqual(["everybody/total", 0n, 1_200n]);
    expect(balancesOf(path)).toContainEqual([lines[0]?.key, 0n, 1_200n]);
  });
});
