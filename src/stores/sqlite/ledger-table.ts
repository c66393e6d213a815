import type { Database, Row } from "./driver.ts";
import type { LedgerLine, Operation } from "./ledger-wire.ts";
import type { Balance, OpenHold, Restored } from "./messages.ts";

const dollar = 1_000_000_000_000n;
/** Deleted in one transaction, so that no reservation waits long for it. */
const chunk = 500;

/** The account of money in its two tables: one row for each attempt, and a running total for each line. */
export interface LedgerTable {
  /** Within a transaction that the caller holds. */
  apply(operations: readonly Operation[]): void;
  restore(now: number): Restored;
  /** Forgets some of what was settled `before`, and lines that expired before it; resolves to whether there may be more. */
  forget(before: number): boolean;
}

const reserveSql = `
  INSERT INTO ledger (id, lines, reserved, reserved_at, lease_until) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET reserved = max(reserved, excluded.reserved), lease_until = excluded.lease_until
  WHERE charged IS NULL`;
const settleSql = `
  UPDATE ledger SET charged = ?1, settled_at = ?2, lapsed = ?3 WHERE id = ?4 AND charged IS NULL`;
/** What was never reserved on file is charged all the same: the money is spent. */
const insertSql = `
  INSERT INTO ledger (id, lines, reserved, reserved_at, charged, settled_at, lapsed) VALUES (?1, ?2, 0, ?4, ?3, ?4, ?5)
  ON CONFLICT (id) DO NOTHING`;
const chargeSql = `
  INSERT INTO lines (key, dollars, pico, expires_at) VALUES (?, ?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET
    dollars = dollars + excluded.dollars + (pico + excluded.pico) / ${dollar}, pico = (pico + excluded.pico) % ${dollar},
    expires_at = excluded.expires_at`;
const balancesSql = "SELECT key, dollars, pico, expires_at FROM lines WHERE expires_at IS NULL OR expires_at > ?";
const openSql = "SELECT id, lines, reserved, lease_until FROM ledger WHERE charged IS NULL ORDER BY lease_until";
/** Ids begin with their time, so the oldest come first. */
const forgetSql = `
  DELETE FROM ledger WHERE id IN (SELECT id FROM (SELECT id, settled_at FROM ledger ORDER BY id LIMIT ${chunk}) WHERE settled_at < ?)`;
const expireSql = `DELETE FROM lines WHERE key IN (SELECT key FROM lines WHERE expires_at < ? LIMIT ${chunk})`;

export function createLedgerTable(database: Database): LedgerTable {
  const reserve = database.prepare(reserveSql);
  const settle = database.prepare(settleSql);
  const insert = database.prepare(insertSql);
  const charge = database.prepare(chargeSql);
  const forget = database.prepare(forgetSql);
  const expire = database.prepare(expireSql);

  const settled = ({ kind, id, at, amount, lines }: Operation): boolean => {
    const lapsed = kind === "lapse" ? 1 : 0;
    if (settle.run([amount, at, lapsed, id]) > 0) return true;
    return insert.run([id, toText(lines), amount, at, lapsed]) > 0;
  };
  return {
    apply(operations) {
      // Most calls share their lines, so each line is written once.
      const charges: Charges = new Map();
      for (const operation of operations) {
        const { kind, id, at, amount, leaseUntil, lines } = operation;
        if (kind === "reserve") reserve.run([id, toText(lines), amount, at, leaseUntil ?? null]);
        else if (settled(operation)) for (const line of lines) addTo(charges, line, amount);
      }
      for (const [key, { amount, expiresAt }] of charges) {
        charge.run([key, amount / dollar, amount % dollar, expiresAt ?? null]);
      }
    },
    restore: (now) => ({
      balances: database.prepare(balancesSql).all([now]).map(toBalance),
      holds: database.prepare(openSql).all([]).map(toHold),
    }),
    forget: (before) => forget.run([before]) + expire.run([before]) > 0,
  };
}

type Charges = Map<string, { readonly expiresAt: number | undefined; amount: bigint }>;

function addTo(charges: Charges, { key, expiresAt }: LedgerLine, amount: bigint): void {
  const known = charges.get(key);
  if (known === undefined) charges.set(key, { expiresAt, amount });
  else known.amount += amount;
}

const toText = (lines: readonly LedgerLine[]): string =>
  JSON.stringify(Object.fromEntries(lines.map(({ key, expiresAt }) => [key, expiresAt ?? null])));

const expiryOf = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

const toBalance = (row: Row): Balance => ({
  line: { key: row.key as string, expiresAt: expiryOf(row.expires_at) },
  spent: (row.dollars as bigint) * dollar + (row.pico as bigint),
});

const toHold = (row: Row): OpenHold => ({
  id: row.id as string,
  lines: Object.entries(JSON.parse(row.lines as string) as Record<string, unknown>).map(([key, expiresAt]) => ({
    key,
    expiresAt: expiryOf(expiresAt),
  })),
  amount: row.reserved as bigint,
  leaseUntil: (row.lease_until as number | null) ?? 0,
});
