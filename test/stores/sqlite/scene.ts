import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RedactedBytes } from "../../../src/facts.ts";
import type { Entry } from "../../../src/stores/ledger.ts";
import type { CallRecord, NewRecord } from "../../../src/stores/records.ts";
import { openDatabase, type Row, type Value } from "../../../src/stores/sqlite/driver.ts";
import { createSqliteStores, type SqliteOptions, type SqliteStores } from "../../../src/stores/sqlite.ts";
import { createLog } from "../../doubles/attempt.ts";
import { createFakeClock } from "../../doubles/clock.ts";
import { bundleWorker, createFolder } from "./worker-module.ts";

export const dollar = 1_000_000_000_000n;
export const noon = Date.UTC(2026, 10, 24, 12);
const tomorrow = Date.UTC(2026, 10, 25);
const today = { key: "team=search/2026-11-24", expiresAt: tomorrow };
const ever = { key: "everybody/total", expiresAt: Number.POSITIVE_INFINITY };
export const lines = [today, ever];

/** What a ledger's entry may say of its lines once it knows when they expire. */
export const asEntry = (entry: Omit<Entry, "lines"> & { readonly lines: readonly unknown[] }): Entry => entry as Entry;

export const reserve = (id: string, amount: bigint, leaseUntil = noon + 60_000): Entry =>
  asEntry({ kind: "reserve", id, at: noon, amount, lines, leaseUntil });
export const settle = (id: string, amount: bigint): Entry =>
  asEntry({ kind: "settle", id, at: noon + 1, amount, lines });

/** Stores in files of one folder that ends with the tests of a file; all that are left open are closed. */
export function createScene() {
  const folder = createFolder();
  const worker = bundleWorker(folder);
  const clock = createFakeClock(noon);
  const log = createLog();
  const open: SqliteStores[] = [];
  let files = 0;

  const pathOf = (name: string): string => join(folder, name);
  const ends: (() => void)[] = [];
  afterAll(async () => {
    for (const end of ends) end();
    await Promise.all(open.map((stores) => stores.records.close()));
  });
  return {
    clock,
    log,
    worker,
    pathOf,
    atEnd: (end: () => void) => ends.push(end),
    newPath: () => pathOf(`${++files}.db`),
    create(path: string, options: Partial<SqliteOptions> = {}): SqliteStores {
      const stores = createSqliteStores({ path, clock, log, worker, ...options });
      open.push(stores);
      return stores;
    },
    async start(path: string, options: Partial<SqliteOptions> = {}): Promise<SqliteStores> {
      const stores = this.create(path, options);
      await stores.ready;
      return stores;
    },
  };
}

/** Asks the file itself, as another process would. */
export function query(path: string, sql: string, values: readonly Value[] = []): readonly Row[] {
  const database = openDatabase(path, { readOnly: true });
  try {
    database.exec("PRAGMA busy_timeout = 5000");
    return database.prepare(sql).all(values);
  } finally {
    database.close();
  }
}

export function change(path: string, sql: string): void {
  const database = openDatabase(path, { readOnly: false });
  database.exec("PRAGMA busy_timeout = 5000");
  database.exec(sql);
  database.close();
}

/** Every byte that stands on the disk. */
export const bytesOf = (path: string): string =>
  ["", "-wal", "-shm", "-lock"]
    .map((suffix) => path + suffix)
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, "latin1"))
    .join("\n");

/** Records as a gateway writes them. */
export const written = (records: readonly CallRecord[]): readonly NewRecord[] =>
  records.map((record) => ({ ...record, request: toBytes(record.request) }));

const toBytes = (text: string | undefined): RedactedBytes | undefined =>
  text === undefined ? undefined : (Buffer.from(text) as Uint8Array as RedactedBytes);
