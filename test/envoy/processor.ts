import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Told } from "./processor-main.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The processor's program, bundled where the packages that it leaves out are found. */
export interface Program {
  start(told: Told): Promise<Processor>;
  remove(): void;
}

export interface Processor {
  readonly address: string;
  readonly pid: number;
  /** Resident bytes. */
  memory(): number;
  signal(name: NodeJS.Signals): void;
  close(): Promise<void>;
}

/** A program of the repository as one file that Node runs. */
export function bundle(entry: string): { readonly program: string; remove(): void } {
  mkdirSync(join(root, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(root, ".cache", "bundle-"));
  const program = join(folder, "main.mjs");
  const words = ["--bundle", "--platform=node", "--format=esm", "--packages=external", `--outfile=${program}`];
  execFileSync(join(root, "node_modules/.bin/esbuild"), [join(root, entry), ...words], { stdio: "pipe" });
  return { program, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export function bundleProcessor(): Program {
  const { program, remove } = bundle("test/envoy/processor-main.ts");
  return { start: (told) => start(program, told), remove };
}

async function start(program: string, told: Told): Promise<Processor> {
  const child = fork(program, [JSON.stringify(told)], { execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const [address] = (await Promise.race([once(child, "message"), failed(once(child, "exit"))])) as [string];
  const { pid = 0 } = child;
  return {
    address,
    pid,
    memory: () => Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4_096,
    signal: (name) => void child.kill(name),
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
    },
  };
}

async function failed(exit: Promise<unknown[]>): Promise<never> {
  throw new Error(`the processor ended: ${(await exit).join()}`);
}
