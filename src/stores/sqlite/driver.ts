import { createRequire } from "node:module";
import { FileFailure } from "./failure.ts";

/** What SQLite stores and gives back; integers come as bigints, so that money stays exact. */
export type Value = string | number | bigint | null;
export type Row = Readonly<Record<string, Value>>;

export interface Statement {
  /** How many rows it changed. */
  run(values: readonly Value[]): number;
  all(values: readonly Value[]): readonly Row[];
}

/** The little that `node:sqlite` and `libsql` have in common. Synchronous. */
export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

interface NativeStatement {
  run(...values: unknown[]): { readonly changes: number | bigint };
  all(...values: unknown[]): unknown[];
  setReadBigInts(enabled: boolean): void;
  safeIntegers(enabled: boolean): void;
}

interface NativeDatabase {
  exec(sql: string): void;
  prepare(sql: string): NativeStatement;
  close(): void;
}

type NativeConstructor = new (path: string, options?: { readonly readOnly?: boolean }) => NativeDatabase;
type Builtins = { getBuiltinModule?(name: string): unknown };

/** Node 22 warns on each start that its SQLite is experimental; what is used of it here is the same in Node 24. */
function builtin(): NativeConstructor | undefined {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    const module = (process as Builtins).getBuiltinModule?.("node:sqlite");
    return (module as { readonly DatabaseSync: NativeConstructor } | undefined)?.DatabaseSync;
  } finally {
    process.emitWarning = emitWarning;
  }
}

function fallback(): NativeConstructor {
  try {
    return createRequire(import.meta.url)("libsql") as NativeConstructor;
  } catch {
    throw new FileFailure("SQLite needs Node.js 22.13 or newer, or the package libsql: npm install libsql");
  }
}

/** @throws Error when neither implementation is there, or the file cannot be opened. */
export function openDatabase(path: string, options: { readonly readOnly: boolean }): Database {
  const Builtin = builtin();
  const database = Builtin === undefined ? new (fallback())(path) : new Builtin(path, options);
  // libsql knows no option for it.
  if (options.readOnly) database.exec("PRAGMA query_only = ON");
  return {
    exec: (sql) => void database.exec(sql),
    close: () => database.close(),
    prepare: (sql) => (Builtin === undefined ? arrayStatement : spreadStatement)(database.prepare(sql)),
  };
}

function spreadStatement(statement: NativeStatement): Statement {
  statement.setReadBigInts(true);
  return {
    run: (values) => Number(statement.run(...values).changes),
    all: (values) => statement.all(...values) as Row[],
  };
}

/** libsql takes a lone `null` for an object of named values, hence the array. */
function arrayStatement(statement: NativeStatement): Statement {
  statement.safeIntegers(true);
  return {
    run: (values) => Number(statement.run(values).changes),
    all: (values) => statement.all(values) as Row[],
  };
}
