/** Everything that is measured: a caller's port, and what the processes behind it used. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { channelTo, cores, pinned, startSystem } from "../processes.js";
import { bootstrapOf, startEnvoy } from "./envoys.js";

const path = "/v1/chat/completions";
export const modes = ["terminate", "transform", "tap"];

/** `restores`: a caller of it sees no placeholder. Names that begin with `postern` are held to that by `verify`. */
export const systems = [
  { name: "direct", label: "provider, direct", path, host: true },
  { name: "relay", label: "undici relay, bare", path, host: true },
  { name: "postern", label: "Postern on node:http", path, host: true },
  { name: "envoy", label: "Envoy alone", path },
  ...modes.flatMap((mode) => [
    { name: `echo-${mode}`, label: `Envoy, echo, ${mode}`, path, mode, kind: "echo" },
    {
      name: mode === "tap" ? "watching-tap" : `postern-${mode}`,
      label: `Envoy, Postern, ${mode}`,
      path,
      mode,
      kind: "postern",
    },
  ]),
];

/** The name of Postern in a mode. */
export const posternIn = (mode) => systems.find((one) => one.kind === "postern" && one.mode === mode).name;

const prefix = pinned ? ["taskset", "-c", String(cores.system)] : [];

async function startProcessor({ kind, mode }, origin) {
  const file = fileURLToPath(new URL("processor.js", import.meta.url));
  const [execPath, ...execArgv] = [...prefix, process.execPath];
  const child = fork(file, [kind, mode, origin], { execPath, execArgv });
  const ask = channelTo(child);
  const { address } = await ask();
  return {
    address,
    usage: () => ask("usage"),
    async stop() {
      if (!child.connected) return;
      const gone = once(child, "exit");
      child.disconnect();
      await gone;
    },
  };
}

const none = { address: "127.0.0.1:1", usage: async () => ({ cpu: 0, rss: 0, counts: {} }), stop: async () => {} };

/** `usage().cpu` is the processor's, or the host's; `.envoy` Envoy's; both in microseconds so far. */
export async function start(system, providerPort) {
  if (system.host) {
    const running = await startSystem(system, providerPort);
    return { ...running, usage: async () => ({ ...(await running.usage()), envoy: 0 }) };
  }
  const origin = `http://127.0.0.1:${providerPort}`;
  const processor = system.mode === undefined ? none : await startProcessor(system, origin);
  const envoy = await startEnvoy(bootstrapOf(system.mode, processor.address, origin), prefix);
  return {
    ...system,
    port: envoy.port,
    usage: async () => ({ ...(await processor.usage()), envoy: envoy.cpu() }),
    async stop() {
      await envoy.stop();
      await processor.stop();
    },
  };
}
