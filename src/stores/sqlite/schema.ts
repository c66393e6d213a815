import type { Database } from "./driver.ts";
import { FileFailure } from "./failure.ts";

/** "Post", in SQLite's header: a file of ours is told from any other database. */
const applicationId = 0x506f7374;

/**
 * Each step is frozen once it was released; the file's `user_version` says how many were taken. Money is in pico-dollars: one amount fits
 * a 64-bit integer (up to $9.2 million), totals are whole dollars and the rest.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE ledger (
    id TEXT PRIMARY KEY,            -- call id/attempt number
    lines TEXT NOT NULL,            -- JSON: key in "lines" -> when it expires
    reserved INTEGER NOT NULL,      -- held in all
    reserved_at REAL NOT NULL,      -- milliseconds since 1970, as all times
    lease_until REAL,               -- from then on what is not settled counts as charged in full
    charged INTEGER,                -- NULL: not settled
    settled_at REAL,
    lapsed INTEGER NOT NULL DEFAULT 0  -- 1: nobody settled it in time, so it was charged in full
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX ledger_open ON ledger (lease_until) WHERE charged IS NULL;
  CREATE TABLE lines (
    key TEXT PRIMARY KEY,           -- scope/window
    dollars INTEGER NOT NULL,       -- charged in all: whole dollars
    pico INTEGER NOT NULL,          -- and pico-dollars below one dollar
    expires_at REAL                 -- NULL: never
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE calls (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    started_at REAL NOT NULL, duration REAL NOT NULL, overhead REAL NOT NULL,
    outcome TEXT NOT NULL, status INTEGER NOT NULL, code TEXT,
    dialect TEXT NOT NULL, operation TEXT NOT NULL, model TEXT NOT NULL, stream INTEGER NOT NULL, target TEXT,
    key TEXT, team TEXT, project TEXT, feature TEXT, customer TEXT,
    cost INTEGER NOT NULL, budget TEXT, budget_left TEXT,
    input INTEGER NOT NULL, output INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
    cache_write_long INTEGER NOT NULL, reasoning INTEGER NOT NULL, final INTEGER NOT NULL,
    service_tier TEXT, answer_model TEXT, other_models TEXT, server_tools TEXT,
    findings TEXT, observed TEXT, trace_id TEXT NOT NULL, span_id TEXT NOT NULL
  ) STRICT;
  CREATE INDEX calls_started_at ON calls (started_at);
  CREATE TABLE attempts (
    call TEXT NOT NULL, number INTEGER NOT NULL,
    target TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
    result TEXT NOT NULL, code TEXT, status INTEGER, reason TEXT, retry_after REAL, losses TEXT,
    sent INTEGER NOT NULL, committed INTEGER NOT NULL, flowed REAL NOT NULL, cost INTEGER NOT NULL,
    started_at REAL NOT NULL, first_byte REAL, duration REAL NOT NULL,
    input INTEGER NOT NULL, output INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
    cache_write_long INTEGER NOT NULL, reasoning INTEGER NOT NULL, final INTEGER NOT NULL,
    service_tier TEXT, answer_model TEXT, other_models TEXT, server_tools TEXT,
    PRIMARY KEY (call, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE payloads (call TEXT PRIMARY KEY, request TEXT, answer TEXT) STRICT;
  `,
  `
  ALTER TABLE calls ADD COLUMN prompt TEXT;
  ALTER TABLE calls ADD COLUMN prompt_version INTEGER;
  `,
];

const pragma = (database: Database, name: string): number =>
  Number(Object.values(database.prepare(`PRAGMA ${name}`).all([])[0] ?? {})[0] ?? 0);

function check(database: Database): number {
  const version = pragma(database, "user_version");
  const tables = database.prepare("SELECT count(*) AS count FROM sqlite_schema").all([])[0]?.count ?? 0n;
  const ours = pragma(database, "application_id") === applicationId;
  if (!ours && (version !== 0 || tables !== 0n)) throw new FileFailure("the file is a database of something else");
  if (version > migrations.length) throw new FileFailure("the file was written by a newer version of postern");
  return version;
}

/** Brings a file of any earlier version, or a new one, up to date, all or nothing. */
export function migrate(database: Database): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    const version = check(database);
    for (const sql of migrations.slice(version)) database.exec(sql);
    database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}; COMMIT`);
  } catch (cause) {
    database.exec("ROLLBACK");
    throw cause;
  }
}

/** For who only reads, and so cannot migrate. */
export function checkReadable(database: Database): void {
  if (check(database) < migrations.length) {
    throw new FileFailure(
      "the file was written by an older version of postern; starting the gateway on it brings it up to date",
    );
  }
}
