import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createSqliteStores } from "../../../src/stores/sqlite.ts";
import { createFakeClock } from "../../doubles/clock.ts";
import { createScene, query } from "./scene.ts";
import { bundle } from "./worker-module.ts";

/** 200 before a release. */
const kills = Number(process.env.POSTERN_KILLS ?? 6);
const underLoad = 200;
const starting = 1_500;
/** What 6 KB of a stream cost: more than it holds at first, and more than a whole answer ever does. */
const grown = 60_000_000_000n;
const lease = 700_000;

const scene = createScene();
const path = scene.newPath();
const notes = scene.pathOf("provider.txt");
const victim = bundle("test/stores/sqlite/victim.ts", scene.pathOf(".")).pathname;

/** At any instant under load; each fourth time at any instant of the start. */
async function kill(round: number): Promise<void> {
  const child = spawn(process.execPath, [victim, path, scene.worker.pathname, notes], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  if (round % 4 < 3) await Promise.race([once(child.stdout, "data"), exited]);
  await new Promise<void>(
    (resolve) => void setTimeout(resolve, Math.random() * (round % 4 < 3 ? underLoad : starting)),
  );
  child.kill("SIGKILL");
  expect(await exited).toEqual([null, "SIGKILL"]);
}

interface Row {
  readonly id: string;
  readonly reserved: bigint;
  readonly charged: bigint | null;
  readonly lapsed: bigint;
}
const ledger = () => query(path, "SELECT * FROM ledger") as unknown as readonly Row[];
const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);

/** What the provider counted for each attempt when it was last heard of, and whether that was all. */
function counted(): ReadonlyMap<string, { readonly cost: bigint; readonly final: boolean }> {
  const lines = readFileSync(notes, "utf8")
    .split("\n")
    .filter((line) => line.endsWith("true") || line.endsWith("false"));
  return new Map(
    lines
      .map((line) => line.split(" "))
      .map(([id = "", cost = "", final]) => [id, { cost: BigInt(cost), final: final === "true" }]),
  );
}

function checkAttempts(rows: readonly Row[]): void {
  const provider = counted();
  const onFile = new Map(rows.map((row) => [row.id, row]));
  for (const [id, { cost, final }] of provider) {
    const { charged, reserved, lapsed } = onFile.get(id) ?? { charged: null, reserved: -1n, lapsed: 0n };
    // It was on file before it left, for no less than it may have cost by now.
    expect({ id, enough: (charged ?? reserved) >= cost }).toEqual({ id, enough: true });
    if (charged !== null && lapsed === 0n) expect({ id, final, charged }).toEqual({ id, final: true, charged: cost });
  }
  // What is not among the provider's never left, and nothing but its reservation can have been charged.
  for (const { id, charged, reserved, lapsed } of rows) {
    if (!provider.has(id) && charged !== null)
      expect({ id, lapsed, charged }).toEqual({ id, lapsed: 1n, charged: reserved });
  }
}

/** Opens the file as the next process would: right after the kill, and once all leases have passed. */
async function reopen(rows: readonly Row[]): Promise<void> {
  const keys = query(path, "SELECT DISTINCT json_each.key FROM ledger, json_each(ledger.lines)").map(({ key }) =>
    String(key),
  );
  const clock = createFakeClock(Date.now());
  const stores = createSqliteStores({ path, clock, log: scene.log, worker: scene.worker });
  await stores.ready;
  const spent = sum(rows.map(({ charged }) => charged ?? 0n));
  const held = sum(rows.map(({ charged, reserved }) => (charged === null ? reserved : 0n)));
  expect(await stores.counters.read(keys)).toEqual(keys.map((key) => ({ key, spent, held })));
  clock.advance(lease);
  expect(await stores.counters.read(keys)).toEqual(keys.map((key) => ({ key, spent: spent + held, held: 0n })));
  await stores.ledger.close();
  const totals = query(path, "SELECT dollars, pico FROM lines").map(
    ({ dollars, pico }) => (dollars as bigint) * 10n ** 12n + (pico as bigint),
  );
  expect(totals).toEqual(keys.map(() => spent + held));
}

it(
  `after each of ${kills} kills, every attempt is charged what it cost or what it had reserved, and the budgets know it`,
  async () => {
    writeFileSync(notes, "");
    const seen = { open: 0, settled: 0, grown: 0 };
    for (let round = 0; round < kills; round++) {
      await kill(round);
      const rows = ledger();
      const known = rows.length;
      checkAttempts(rows);
      await reopen(rows);
      checkAttempts(ledger());
      expect(ledger()).toHaveLength(known);
      seen.open += rows.filter(({ charged }) => charged === null).length;
      seen.grown += rows.filter(({ reserved }) => reserved > grown).length;
      seen.settled += rows.filter(({ charged, lapsed }) => charged !== null && lapsed === 0n).length;
    }
    // Kills that hit nothing would show nothing.
    expect(Object.entries(seen).filter(([, count]) => count === 0)).toEqual([]);
  },
  60_000 + kills * 10_000,
);
