/** Processes of a run: each system alone on one core, the load and the provider on the other, where the machine has two and `taskset`. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

export const systems = [
  { name: "direct", label: "provider, direct", path: "/v1/chat/completions" },
  { name: "relay", label: "undici relay, bare", path: "/v1/chat/completions" },
  { name: "parsing", label: "parse-and-relay", path: "/v1/chat/completions" },
  { name: "parsing-express", label: "parse-and-relay on Express", path: "/ai/v1/chat/completions" },
  { name: "proxy-express", label: "http-proxy-middleware on Express", path: "/ai/v1/chat/completions" },
  { name: "postern", label: "**Postern** on `node:http`", path: "/v1/chat/completions" },
  { name: "postern-express", label: "**Postern** on Express", path: "/ai/v1/chat/completions" },
];

/** Postern on `node:http` once more with one thing changed, in the scenarios that show what that costs. */
export const variations = [
  {
    name: "postern-single",
    label: "Postern, one dialect configured",
    path: "/v1/chat/completions",
    scenarios: ["2 KB whole", "2 KB streamed", "2 KB streamed, short"],
  },
  { name: "postern-sqlite", label: "Postern, SQLite", path: "/v1/chat/completions", scenarios: ["2 KB whole"] },
];

export function takesPart(system, scenario) {
  if (system.scenarios !== undefined) return system.scenarios.includes(scenario.name);
  return scenario.systems?.includes(system.name) ?? true;
}

const pins = availableParallelism() > 1 && spawnSync("taskset", ["--version"]).status === 0;
export const pinned = pins;
export const cores = { system: 0, load: 1 };

function start(file, args, core) {
  const command = [process.execPath, fileURLToPath(new URL(file, import.meta.url)), ...args];
  const [executable, ...rest] = pins ? ["taskset", "-c", String(core), ...command] : command;
  return spawn(executable, rest, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

/** Messages to a child and its answers, in order; what is still open when it ends is rejected. */
export function channelTo(child) {
  const open = [];
  child.on("message", (message) => open.shift()?.resolve(message));
  child.on("exit", () => {
    for (const { reject } of open.splice(0)) reject(new Error("a process of the bench ended"));
  });
  return (message) =>
    new Promise((resolve, reject) => {
      open.push({ resolve, reject });
      if (message !== undefined) child.send(message);
    });
}

/** This process generates the load. */
export function pinLoad() {
  if (pins) execFileSync("taskset", ["-cp", String(cores.load), String(process.pid)], { stdio: "ignore" });
}

export async function startUpstream() {
  const child = start("upstream.js", [], cores.load);
  const ask = channelTo(child);
  const { port } = await ask();
  return { port, seen: () => ask("seen"), stop: () => child.disconnect() };
}

/** `usage()`: microseconds of CPU so far, resident bytes, and what the system counted. */
export async function startSystem(system, upstreamPort) {
  if (system.name === "direct") {
    const usage = async () => ({ cpu: 0, rss: 0, counts: {} });
    return { ...system, port: upstreamPort, usage, account: usage, stop() {} };
  }
  const child = start("system.js", [system.name, `http://127.0.0.1:${upstreamPort}`], cores.system);
  const ask = channelTo(child);
  const { port } = await ask();
  const stop = async () => {
    child.disconnect();
    await once(child, "exit");
  };
  return {
    ...system,
    port,
    usage: () => ask("usage"),
    account: () => ask("account"),
    profile: () => ask("profile"),
    stop,
  };
}
