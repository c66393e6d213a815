import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync, writeFileSync } from "node:fs";
import type { Line } from "../../../src/stores/counters.ts";
import type { SqliteStores } from "../../../src/stores/sqlite.ts";
import { openReader } from "../../../src/stores/sqlite-reader.ts";
import { asEntry, change, createScene, lines, noon, query, reserve, settle } from "./scene.ts";
import { bundle } from "./worker-module.ts";

const scene = createScene();
const keys = lines.map(({ key }) => key);

/** As if the process had ended here: nobody settles what is open. */
const restart = async (path: string, stores: SqliteStores): Promise<SqliteStores> => {
  await stores.ledger.close();
  return scene.start(path);
};

describe("a ledger that is opened again", () => {
  it("brings the counters to where it stands: charged is spent, open is held", async () => {
    const path = scene.newPath();
    const before = await scene.start(path);
    for (const entry of [reserve("a/1", 5n), settle("a/1", 3n), reserve("b/1", 10n), reserve("b/1", 40n)])
      await before.ledger.append(entry);
    const { counters } = await restart(path, before);
    expect(await counters.read(keys)).toEqual(keys.map((key) => ({ key, spent: 3n, held: 40n })));
  });

  it("lets a budget go on where it was", async () => {
    const path = scene.newPath();
    const before = await scene.start(path);
    for (const entry of [settle("a/1", 90n), reserve("b/1", 7n)]) await before.ledger.append(entry);
    const { counters } = await restart(path, before);
    const budget: readonly Line[] = [{ ...(lines[0] as (typeof lines)[0]), limit: 100n }];
    expect(await counters.reserve("c/1", budget, 4n, 4n, 1)).toEqual({ denied: keys[0], left: 3n });
    expect(await counters.reserve("c/2", budget, 3n, 3n, 1)).toMatchObject({ granted: 3n, left: 0n });
  });

  it("charges in full what nobody settled, once its lease has passed and not before", async () => {
    const path = scene.newPath();
    const before = await scene.start(path);
    const now = scene.clock.now();
    await before.ledger.append(reserve("late/1", 20n, now + 2_000));
    await before.ledger.append(reserve("soon/1", 4n, now + 1_000));
    const { counters, records } = await restart(path, before);
    const state = async () => {
      // Answered after all that was asked for before.
      await records.list(1);
      const rows = query(path, "SELECT id, charged, lapsed FROM ledger ORDER BY id").map((row) => Object.values(row));
      return [(await counters.read(keys.slice(0, 1)))[0], rows];
    };
    scene.clock.advance(999);
    expect(await state()).toEqual([
      { key: keys[0], spent: 0n, held: 24n },
      [
        ["late/1", null, 0n],
        ["soon/1", null, 0n],
      ],
    ]);
    scene.clock.advance(1);
    expect(await state()).toEqual([
      { key: keys[0], spent: 4n, held: 20n },
      [
        ["late/1", null, 0n],
        ["soon/1", 4n, 1n],
      ],
    ]);
    scene.clock.advance(1_000);
    expect(await state()).toEqual([
      { key: keys[0], spent: 24n, held: 0n },
      [
        ["late/1", 20n, 1n],
        ["soon/1", 4n, 1n],
      ],
    ]);
  });

  it("charges at once what lapsed while nothing ran, and only once over many starts", async () => {
    const path = scene.newPath();
    let stores = await scene.start(path);
    await stores.ledger.append(reserve("a/1", 20n, scene.clock.now() - 1));
    for (let start = 0; start < 3; start++) {
      stores = await restart(path, stores);
      expect(await stores.counters.read(keys)).toEqual(keys.map((key) => ({ key, spent: 20n, held: 0n })));
    }
    await stores.records.list(1);
    expect(query(path, "SELECT key, dollars, pico FROM lines").map(({ pico }) => pico)).toEqual([20n, 20n]);
  });

  it("leaves a line behind whose window is over, and keeps the others", async () => {
    const path = scene.newPath();
    const before = await scene.start(path);
    const over = { key: "team=search/2026-11-23", expiresAt: scene.clock.now() - 1 };
    const both = [over, ...lines.slice(1)];
    await before.ledger.append(asEntry({ kind: "settle", id: "a/1", at: noon, amount: 3n, lines: both }));
    await before.ledger.append(
      asEntry({ kind: "reserve", id: "b/1", at: noon, amount: 5n, lines: both, leaseUntil: scene.clock.now() + 1_000 }),
    );
    const { counters } = await restart(path, before);
    expect(await counters.read([over.key, "everybody/total"])).toEqual([
      { key: over.key, spent: 0n, held: 0n },
      { key: "everybody/total", spent: 3n, held: 5n },
    ]);
  });
});

describe("two on one file", () => {
  it("are refused while the first goes on, and told why", async () => {
    const path = scene.newPath();
    const first = await scene.start(path);
    const second = scene.create(path);
    await expect(second.ready).rejects.toThrow(`${path}: another process keeps its ledger in this file`);
    await expect(second.ledger.append(reserve("b/1", 1n))).rejects.toThrow("another process");
    await first.ledger.append(reserve("a/1", 1n));
    await first.ledger.close();
    await scene.start(path);
    expect(query(path, "SELECT id FROM ledger")).toMatchObject([{ id: "a/1" }]);
  });

  it("are refused across processes, until the first is killed", async () => {
    const path = scene.newPath();
    const module = bundle("test/stores/sqlite/holder.ts", scene.pathOf("."));
    const holder = spawn(process.execPath, [module.pathname, path, scene.worker.pathname], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(holder.stdout, "data");
    expect(String(line)).toBe("ready\n");
    await expect(scene.create(path).ready).rejects.toThrow("another process keeps its ledger in this file");
    holder.kill("SIGKILL");
    await once(holder, "exit");
    await scene.start(path);
  });

  it("are welcome where both keep records alone", async () => {
    const path = scene.newPath();
    const both = [await scene.start(path, { recordsOnly: true }), await scene.start(path, { recordsOnly: true })];
    expect(both.map(({ ledger }) => ledger.durable)).toEqual([false, false]);
    await scene.start(path);
  });
});

describe("a file that is closed at once", () => {
  it("leaves no timer and no lock behind", async () => {
    const path = scene.newPath();
    const { pending } = scene.clock;
    const stores = scene.create(path);
    await Promise.all([stores.ledger.close(), stores.ready]);
    expect(scene.clock.pending).toBe(pending);
    await (await scene.start(path)).ledger.close();
    expect(scene.clock.pending).toBe(pending);
  });

  it("has written what was asked for before", async () => {
    const path = scene.newPath();
    const stores = await scene.start(path);
    const appended = stores.ledger.append(reserve("a/1", 1n));
    await stores.ledger.close();
    await appended;
    await expect(stores.ledger.append(reserve("b/1", 1n))).rejects.toThrow(`${path}: the database is closed`);
    expect(query(path, "SELECT id FROM ledger")).toEqual([{ id: "a/1" }]);
  });
});

describe("a file that cannot be used", () => {
  const refused = (path: string) =>
    scene.create(path).ready.then(
      () => "it was taken",
      (cause: Error) => cause.message,
    );

  it("is in a folder that is not there", async () => {
    const path = scene.pathOf("nowhere/postern.db");
    expect(await refused(path)).toBe(`${path}: the file cannot be opened for writing (ENOENT)`);
  });

  it("is no database", async () => {
    const path = scene.newPath();
    writeFileSync(path, "our staff, by name: Erika Mustermann\n".repeat(100));
    expect(await refused(path)).toMatch(/not a database|SQLITE_NOTADB/i);
    expect(await refused(path)).not.toContain("Erika");
  });

  it("is a database of something else, which stays as it was", async () => {
    const path = scene.newPath();
    change(path, "CREATE TABLE theirs (id INTEGER)");
    expect(await refused(path)).toBe(`${path}: the file is a database of something else`);
    expect(query(path, "SELECT name FROM sqlite_schema").map(({ name }) => name)).toEqual(["theirs"]);
  });

  it("was written by a newer version, and stays as it was", async () => {
    const path = scene.newPath();
    await (await scene.start(path)).ledger.close();
    change(path, "PRAGMA user_version = 99");
    expect(await refused(path)).toBe(`${path}: the file was written by a newer version of postern`);
    expect(query(path, "PRAGMA user_version")).toEqual([{ user_version: 99n }]);
  });
});

describe("a new file", () => {
  it("is for its owner alone, and says whose it is", async () => {
    const path = scene.newPath();
    await scene.start(path);
    for (const suffix of ["", "-wal", "-shm"]) expect(statSync(path + suffix).mode & 0o077).toBe(0);
    expect(existsSync(`${path}-lock`)).toBe(true);
    expect(query(path, "PRAGMA application_id")).toEqual([{ application_id: BigInt(0x506f7374) }]);
    expect(query(path, "PRAGMA user_version")).toEqual([{ user_version: 2n }]);
  });
});

describe("a file of the first version", () => {
  it("keeps what it holds, and takes the prompt of calls from then on", async () => {
    const path = scene.newPath();
    const before = await scene.start(path);
    await before.ledger.append(settle("a/1", 3n));
    await before.ledger.close();
    for (const column of ["prompt", "prompt_version"]) change(path, `ALTER TABLE calls DROP COLUMN ${column}`);
    change(path, "PRAGMA user_version = 1");
    expect(() => openReader(path)).toThrow("older version");
    const { counters, ledger } = await scene.start(path);
    expect((await counters.read(keys.slice(0, 1)))[0]?.spent).toBe(3n);
    await ledger.close();
    expect(query(path, "PRAGMA user_version")).toEqual([{ user_version: 2n }]);
    expect(query(path, "SELECT prompt, prompt_version FROM calls")).toEqual([]);
  });
});

describe("a thread that ends", () => {
  it.each(["process.exit(1)", "throw new TypeError('Erika Mustermann')", "import 'no-such-module'"])(
    "is an error to all who wait and come later: %s",
    async (code) => {
      const worker = new URL(`data:text/javascript,${code}`);
      const stores = scene.create(scene.newPath(), { worker });
      const early = stores.ledger.append(reserve("a/1", 1n));
      await expect(stores.ready).rejects.toThrow(/TypeError|Error|closed/);
      await expect(early).rejects.not.toThrow("Erika");
      await expect(stores.ledger.append(reserve("a/1", 1n))).rejects.toThrow();
      await expect(stores.records.list(1)).rejects.toThrow();
      await stores.ledger.close();
      expect(JSON.stringify(scene.log.lines)).not.toContain("Erika");
    },
  );
});
