import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

/** `ENVOY_BIN`, or what `npm run envoy:install` brought, or the one on the path. */
function findEnvoy(): string {
  const installed = resolve(".cache/envoy/1.40.0/envoy");
  return process.env.ENVOY_BIN ?? (existsSync(installed) ? installed : "envoy");
}

/** A port that is free at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Runs an Envoy until it is closed; `log` gets each line of its access log. */
export async function runEnvoy(
  bootstrap: string,
  port: number,
  log: (line: string) => void,
): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), "postern-example-"));
  const file = join(folder, "envoy.yaml");
  writeFileSync(file, bootstrap);
  const words = ["-c", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"];
  const envoy = spawn(findEnvoy(), words, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<never>((_, reject) => {
    envoy.on("error", () => reject(new Error("there is no Envoy here: npm run envoy:install")));
    envoy.on("exit", () => reject(new Error("Envoy ended")));
  });
  ended.catch(() => {});
  createInterface({ input: envoy.stdout }).on("line", log);
  await Promise.race([listening(port), ended]);
  return async () => {
    const gone = once(envoy, "close");
    envoy.kill();
    await gone;
    rmSync(folder, { recursive: true, force: true });
  };
}

async function listening(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const socket = connect(port, "127.0.0.1");
    const open = await new Promise<boolean>((resolve) => {
      socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("Envoy does not listen");
}
