import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { isSettled, killsOr, ledgerOf, type Row, reopen } from "./kill-scene.ts";
import { createScene } from "./scene.ts";
import { bundle } from "./worker-module.ts";

const kills = killsOr(6);
const underLoad = 200;
const starting = 1_500;
/** What 6 KB of a stream cost: more than it holds at first, and more than a whole answer ever does. */
const grown = 60_000_000_000n;

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

it(
  `after each of ${kills} kills, every attempt is charged what it cost or what it had reserved, and the budgets know it`,
  async () => {
    writeFileSync(notes, "");
    const seen = { open: 0, settled: 0, grown: 0 };
    for (let round = 0; round < kills; round++) {
      await kill(round);
      const rows = ledgerOf(path);
      checkAttempts(rows);
      await reopen(path, scene);
      checkAttempts(ledgerOf(path));
      seen.open += rows.filter(({ charged }) => charged === null).length;
      seen.grown = rows.filter(({ reserved }) => reserved > grown).length;
      seen.settled = rows.filter(isSettled).length;
    }
    process.stdout.write(`${kills} kills of a gateway: ${JSON.stringify(seen)}, ${counted().size} attempts left\n`);
    // Kills that hit nothing would show nothing.
    expect(Object.entries(seen).filter(([, count]) => count === 0)).toEqual([]);
  },
  60_000 + kills * 10_000,
);
