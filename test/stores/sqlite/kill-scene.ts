import { createSqliteStores } from "../../../src/stores/sqlite.ts";
import { createFakeClock } from "../../doubles/clock.ts";
import { type createScene, query } from "./scene.ts";

/** 200 before a release: `POSTERN_KILLS=200 npm test -- test/stores/sqlite/kill`. */
export const killsOr = (few: number): number => Number(process.env.POSTERN_KILLS ?? few);

/** Longer than a reservation lasts that nobody settles. */
const lease = 700_000;

export interface Row {
  readonly id: string;
  readonly reserved: bigint;
  readonly charged: bigint | null;
  readonly lapsed: bigint;
}
export const ledgerOf = (path: string) => query(path, "SELECT * FROM ledger") as unknown as readonly Row[];
export const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);
/** Charged by its provider's own count, not for want of one. */
export const isSettled = ({ charged, lapsed }: Row): boolean => charged !== null && lapsed === 0n;

/**
 * Opens the file as the next process would, right after the kill and once all leases have passed: the budgets have to stand where the
 * ledger does. Resolves to what was charged in all.
 */
export async function reopen(path: string, { log, worker }: ReturnType<typeof createScene>): Promise<bigint> {
  const rows = ledgerOf(path);
  const keys = query(path, "SELECT DISTINCT json_each.key FROM ledger, json_each(ledger.lines)").map(({ key }) =>
    String(key),
  );
  const clock = createFakeClock(Date.now());
  const stores = createSqliteStores({ path, clock, log, worker });
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
  expect(ledgerOf(path)).toHaveLength(rows.length);
  return spent + held;
}
