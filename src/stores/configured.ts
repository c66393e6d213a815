import { resolve } from "node:path";
import type { Clock, Logger } from "../step.ts";
import { createMemoryStores } from "./memory.ts";
import { createSqliteStores, type SqliteOptions, type SqliteStores } from "./sqlite.ts";

/** Where state lives, as a config says it: `memory`, or `sqlite:` and a path. */
export interface Places {
  readonly ledger: string;
  readonly records: string;
}

export interface Keeping extends Pick<SqliteOptions, "retention" | "ledgerRetention" | "synchronous" | "worker"> {
  /** How many records memory keeps. */
  readonly keep: number;
}

const scheme = "sqlite:";
const fileOf = (place: string): string | undefined =>
  place.startsWith(scheme) ? resolve(place.slice(scheme.length)) : undefined;

/**
 * The stores that a config asks for, one thread for each file. Counters are in memory, and begin where a ledger in a file stands.
 * @example const stores = createStores(config.stores, { clock, log }, config.tracing); await stores.ready;
 */
export function createStores(
  places: Places,
  parts: { readonly clock: Clock; readonly log: Logger },
  keeping: Keeping,
): SqliteStores {
  const [ledgerFile, recordsFile] = [fileOf(places.ledger), fileOf(places.records)];
  const memory = { ...createMemoryStores(parts, keeping), ready: Promise.resolve() };
  const open = (path: string, recordsOnly: boolean) => createSqliteStores({ ...keeping, ...parts, path, recordsOnly });
  const account = ledgerFile === undefined ? memory : open(ledgerFile, false);
  const remembered =
    recordsFile === undefined ? memory : recordsFile === ledgerFile ? account : open(recordsFile, true);
  const ready = Promise.all([account.ready, remembered.ready]).then(() => {});
  ready.catch(() => {});
  return { counters: account.counters, ledger: account.ledger, records: remembered.records, ready };
}
