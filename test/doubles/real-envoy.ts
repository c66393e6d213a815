import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";

/** The oldest line that can serve every mode, and the newest; `ENVOY_BIN` stands for both where it is set. */
export type EnvoyLine = "1.40" | "1.37";
export const envoyLines: readonly EnvoyLine[] = ["1.40", "1.37"];

const cache = fileURLToPath(new URL("../../.cache/envoy", import.meta.url));
const startWithin = 20_000;
const stopWithin = 5_000;

/** Where a real Envoy of that line is; `undefined` where none can be had: `npm run envoy:install` brings it. */
export function realEnvoy(line: EnvoyLine = "1.40"): string | undefined {
  const named = process.env.ENVOY_BIN;
  if (named) return named;
  try {
    const version = readdirSync(cache).find((name) => name.startsWith(`${line}.`));
    if (version === undefined) return undefined;
    const path = join(cache, version, "envoy");
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    return undefined;
  }
}

/**
 * A suite for each line of real Envoy. Without one the suite says so and is skipped; under `CI=true` it fails, since what CI does not run
 * nobody does.
 */
export function describeRealEnvoy(name: string, suite: (line: EnvoyLine) => void, lines = envoyLines): void {
  for (const line of process.env.ENVOY_BIN ? lines.slice(0, 1) : lines) {
    const title = `${name} on a real Envoy ${process.env.ENVOY_BIN ? "(ENVOY_BIN)" : line}`;
    if (realEnvoy(line) !== undefined) describe(title, () => suite(line));
    else if (process.env.CI === "true")
      it(title, () => {
        throw new Error(`no Envoy ${line}: npm run envoy:install`);
      });
    else it.skip(`${title}: there is none here, npm run envoy:install brings it`, () => {});
  }
}

export interface RealEnvoy {
  /** Where callers send: the address of the first listener. */
  readonly url: string;
  readonly admin: string;
  readonly pid: number;
  /** Lines of the access log, where the bootstrap writes one to standard output. */
  readonly accessLog: readonly string[];
  /** What Envoy itself complained of. */
  readonly complaints: readonly string[];
  /** Counters and gauges whose names contain `filter`. */
  stats(filter: string): Promise<Readonly<Record<string, number>>>;
  /** Resident bytes. */
  memory(): number;
  close(): Promise<void>;
}

export interface RealEnvoyOptions {
  readonly line?: EnvoyLine;
  /** YAML text or the object; listeners should bind port 0, the admin interface always does. */
  readonly bootstrap: string | object;
}

interface Bootstrap {
  admin?: object;
}

/** Starts an Envoy of its own; it is stopped by its process id. */
export async function startRealEnvoy({ line = "1.40", bootstrap }: RealEnvoyOptions): Promise<RealEnvoy> {
  const path = realEnvoy(line);
  if (path === undefined) throw new Error(`no Envoy ${line}: npm run envoy:install`);
  const folder = mkdtempSync(join(tmpdir(), "postern-envoy-"));
  const [file, addressFile] = [join(folder, "envoy.yaml"), join(folder, "admin")];
  writeFileSync(file, withAdmin(bootstrap));
  const words = ["-c", file, "--admin-address-path", addressFile, "--concurrency", "1", "--disable-hot-restart"];
  const child = spawn(path, [...words, "--log-level", "warn"], { stdio: ["ignore", "pipe", "pipe"] });
  const [accessLog, complaints] = [linesOf(child, "stdout"), linesOf(child, "stderr")];
  const close = async (): Promise<void> => {
    await stop(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const admin = `http://${await until(child, () => readFileSync(addressFile, "utf8") || undefined)}`;
    const url = await until(child, () => listenerOf(admin));
    const { pid = 0 } = child;
    return {
      url,
      admin,
      pid,
      accessLog,
      complaints,
      stats: (filter) => statsOf(admin, filter),
      memory: () => residentBytes(pid),
      close,
    };
  } catch (cause) {
    await close();
    throw new Error(`Envoy ${line} did not start: ${complaints.join("\n")}`, { cause });
  }
}

/** What `envoy --mode validate` says of a bootstrap; `undefined` when it is accepted. */
export async function validate(bootstrap: string, line: EnvoyLine): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "postern-envoy-"));
  try {
    const file = join(folder, "envoy.yaml");
    writeFileSync(file, bootstrap);
    const words = ["--mode", "validate", "-c", file, "--disable-hot-restart", "--log-level", "warn"];
    const child = spawn(realEnvoy(line) ?? "envoy", words, { stdio: ["ignore", "pipe", "pipe"] });
    const said = [linesOf(child, "stdout"), linesOf(child, "stderr")];
    const [code] = (await once(child, "close")) as [number];
    return code === 0 ? undefined : said.flat().join("\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function withAdmin(bootstrap: string | object): string {
  const whole = (typeof bootstrap === "string" ? parse(bootstrap) : structuredClone(bootstrap)) as Bootstrap;
  whole.admin = { address: { socket_address: { address: "127.0.0.1", port_value: 0 } } };
  return stringify(whole);
}

function linesOf(child: ChildProcess, from: "stdout" | "stderr"): string[] {
  const lines: string[] = [];
  const stream = child[from];
  if (stream !== null) createInterface({ input: stream }).on("line", (text) => lines.push(text));
  return lines;
}

/** Asks until there is an answer, Envoy is gone, or the time is up. */
async function until<T>(child: ChildProcess, ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + startWithin; Date.now() < end; ) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error("it ended");
    const answer = await Promise.resolve()
      .then(ask)
      .catch(() => undefined);
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("it took too long");
}

interface Listeners {
  readonly listener_statuses?: readonly {
    readonly local_address: { readonly socket_address: { readonly port_value: number } };
  }[];
}

/** Once Envoy is live (clusters warmed), the address of its first listener. */
async function listenerOf(admin: string): Promise<string | undefined> {
  if (!(await fetch(`${admin}/ready`)).ok) return undefined;
  const { listener_statuses } = (await (await fetch(`${admin}/listeners?format=json`)).json()) as Listeners;
  const port = listener_statuses?.[0]?.local_address.socket_address.port_value;
  return port === undefined ? undefined : `http://127.0.0.1:${port}`;
}

async function statsOf(admin: string, filter: string): Promise<Record<string, number>> {
  const text = await (await fetch(`${admin}/stats?filter=${encodeURIComponent(filter)}&usedonly`)).text();
  const pairs = text.split("\n").map((entry) => entry.split(": "));
  return Object.fromEntries(
    pairs.filter(([, value]) => /^\d+$/.test(value ?? "")).map(([key, value]) => [key, Number(value)]),
  );
}

function residentBytes(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  return pages * 4_096;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "close");
  const kill = setTimeout(() => child.kill("SIGKILL"), stopWithin);
  child.kill("SIGTERM");
  await gone;
  clearTimeout(kill);
}
