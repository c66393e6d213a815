import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { ConfigInput } from "../../src/index.ts";
import type { CallRecord } from "../../src/stores/records.ts";
import { openReader } from "../../src/stores/sqlite-reader.ts";
import type { Program } from "../adapters/cli/program.ts";
import { until } from "../adapters/scene.ts";
import { type Canary, canaries, showsIn } from "./canaries.ts";

const operatorKey = "sk-operator-0123456789";
/** How a config names the operator's key. */
export const keyPlace = "env:OPERATOR_KEY";
const adminToken = "tell-me-0123456789";

/** `postern serve` as a process of its own, with all that it writes. */
export interface ServedSidecar {
  readonly url: string;
  /** The database, its write-ahead log and shared memory, standard output, the log on standard error, and metrics if it still runs. */
  sinks(): Promise<Readonly<Record<string, string>>>;
  metrics(): Promise<string>;
  /** From the database, oldest first. */
  calls(): readonly CallRecord[];
  readonly ended: Promise<number | null>;
  signal(name: NodeJS.Signals): void;
}

export interface SidecarPlace {
  readonly config: string;
  readonly database: string;
}

/** A folder with a config whose records and ledger are in SQLite. */
export function placeSidecar(program: Program, config: ConfigInput): SidecarPlace {
  const folder = mkdtempSync(join(program.folder, "sidecar-"));
  const database = join(folder, "postern.db");
  const place = `sqlite:${database}`;
  const whole = { stores: { ledger: place, records: place }, tracing: { payloads: "redacted", line: true }, ...config };
  const path = join(folder, "postern.yaml");
  writeFileSync(path, stringify(whole));
  return { config: path, database };
}

export async function serveSidecar(program: Program, { config, database }: SidecarPlace): Promise<ServedSidecar> {
  const words = ["serve", "--port", "0", "--admin-port", "0", "--config", config];
  const running = program.start(words, { POSTERN_ADMIN_TOKEN: adminToken, OPERATOR_KEY: operatorKey });
  await until(() => running.error().includes('"listening"') || running.child.exitCode !== null);
  if (running.child.exitCode !== null) throw new Error(`it did not start: ${running.error()}`);
  const addressOf = (name: string): string => new RegExp(`"${name}":"([^"]+)"`).exec(running.error())?.[1] ?? "";
  const metrics = async (): Promise<string> => {
    const headers = { authorization: `Bearer ${adminToken}` };
    return (await fetch(`http://${addressOf("admin")}/metrics`, { headers })).text();
  };
  return {
    url: `http://${addressOf("address")}`,
    metrics,
    async sinks() {
      const told = running.child.exitCode === null && running.child.signalCode === null ? await metrics() : "";
      const files = ["", "-wal", "-shm", "-lock"]
        .filter((suffix) => existsSync(database + suffix))
        .map((suffix) => [`the file${suffix}`, readFileSync(database + suffix, "latin1")]);
      return { ...Object.fromEntries(files), out: running.out(), log: running.error(), metrics: told };
    },
    calls() {
      const reader = openReader(database);
      try {
        return reader
          .listCalls({ limit: 1_000_000 })
          .map(({ receipt }) => reader.showCall(receipt.id))
          .filter((call) => call !== undefined)
          .reverse();
      } finally {
        reader.close();
      }
    },
    ended: running.ended,
    signal: (name) => void running.child.kill(name),
  };
}

/** Long texts are read in pieces, so that undoing escapes stays cheap; each begins within the one before. */
const piece = 1_048_576;
const overlap = 4_096;

/** What of the canaries, or of a credential, stands in which sink. */
export function leaksOf(sinks: Readonly<Record<string, string>>, kinds: readonly Canary[]): readonly string[] {
  const credentials = [operatorKey, adminToken, "psk_web", "psk_poor"];
  return Object.entries(sinks).flatMap(([name, text]) => [
    ...kinds.filter((kind) => shows(text, kind)).map((kind) => `${name}: ${kind}`),
    ...credentials.filter((credential) => text.includes(credential)).map((credential) => `${name}: ${credential}`),
  ]);
}

function shows(text: string, kind: Canary): boolean {
  for (let start = 0; start < text.length; start += piece - overlap)
    if (showsIn(text.slice(start, start + piece), kind)) return true;
  return false;
}

export const allKinds = Object.keys(canaries) as readonly Canary[];
