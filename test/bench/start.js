/** How long a process of Postern's own takes from its start to its first answer, and what it holds when it is idle. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { openConnection } from "./client.js";
import { benchConfig } from "./gateway.js";
import { median, requestsFor, scenarios } from "./measure.js";
import { restored } from "./traffic.js";
import { wires } from "./wires.js";

const main = fileURLToPath(new URL("../../dist/adapters/cli/main.js", import.meta.url));
const place = { name: "postern", path: wires.openai.path };

/** Resident bytes; NaN where the system does not tell. */
function rssOf(pid) {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) * 1_024;
  } catch {
    return Number.NaN;
  }
}

async function portOf(child) {
  for await (const line of createInterface({ input: child.stderr })) {
    const found = /"address":"127\.0\.0\.1:(\d+)"/.exec(line);
    if (found !== null) return Number(found[1]);
  }
  throw new Error("the command line did not say where it listens");
}

async function startOnce(config) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [main, "serve", "--config", config, "--port", "0"], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, BENCH_KEY: "sk-bench" },
  });
  const port = await portOf(child);
  const listening = performance.now() - startedAt;
  const rss = rssOf(child.pid);
  const connection = await openConnection(port);
  const [request] = requestsFor(scenarios[0], place);
  const { body } = await connection.send(request, true);
  const answered = performance.now() - startedAt;
  connection.close();
  if (body.toString() !== restored(wires.openai.body().toString(), 0))
    throw new Error("the first answer is a wrong one");
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
  return { listening, answered, rss };
}

/** Milliseconds and bytes, the middle of `times` starts with everything on, records and ledger in a new SQLite file each. */
export async function measureStart(upstreamPort, times) {
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-"));
  try {
    const all = [];
    for (let time = 0; time < times; time++) {
      const place = `sqlite:${join(folder, `${time}.db`)}`;
      const config = join(folder, `${time}.yaml`);
      const origin = `http://127.0.0.1:${upstreamPort}`;
      writeFileSync(
        config,
        JSON.stringify({ ...benchConfig(origin, "env:BENCH_KEY"), stores: { ledger: place, records: place } }),
      );
      all.push(await startOnce(config));
    }
    const middle = (what) => median(all.map((one) => one[what]));
    return { listening: middle("listening"), answered: middle("answered"), rss: middle("rss"), starts: times };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
