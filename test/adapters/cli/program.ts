import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const root = fileURLToPath(new URL("../../../", import.meta.url));

export interface Started {
  readonly child: ChildProcess;
  /** The exit code; `null` after a signal. */
  readonly ended: Promise<number | null>;
  out(): string;
  error(): string;
}

export interface Program {
  readonly folder: string;
  start(words: readonly string[], environment?: Readonly<Record<string, string>>): Started;
  remove(): void;
}

/** The command line as a program of its own, in a folder of its own. */
export function buildProgram(): Program {
  mkdirSync(join(root, ".cache"), { recursive: true });
  // Inside of the checkout, so that its packages are found.
  const folder = mkdtempSync(join(root, ".cache", "cli-"));
  const outfile = join(folder, "postern.mjs");
  const build = (entry: string, out: string): void => {
    const entryPoints = [join(root, entry)];
    buildSync({ entryPoints, bundle: true, packages: "external", platform: "node", format: "esm", outfile: out });
  };
  build("adapters/cli/main.ts", outfile);
  build("src/stores/sqlite/worker.ts", join(folder, "sqlite/worker.js"));
  build("adapters/cli/demo/providers.ts", join(folder, "providers.js"));
  const running = new Set<ChildProcess>();
  return {
    folder,
    start(words, environment = {}) {
      const env = { ...process.env, ...environment };
      const child = spawn(process.execPath, [outfile, ...words], {
        cwd: folder,
        env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      running.add(child);
      const said = { out: "", error: "" };
      child.stdout.on("data", (bytes: Buffer) => (said.out += bytes.toString()));
      child.stderr.on("data", (bytes: Buffer) => (said.error += bytes.toString()));
      const ended = once(child, "close").then(([code]) => {
        running.delete(child);
        return code as number | null;
      });
      return { child, ended, out: () => said.out, error: () => said.error };
    },
    remove() {
      for (const child of running) child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
