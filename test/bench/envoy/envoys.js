/** Real Envoys, each in front of its processor. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import { toEnvoyBootstrap } from "../../../dist/adapters/envoy-bootstrap/bootstrap.js";
import { benchConfig } from "../gateway.js";

const cache = fileURLToPath(new URL("../../../.cache/envoy", import.meta.url));

/** `ENVOY_BIN`, or the newest that `npm run envoy:install` brought. */
export function envoyBinary() {
  if (process.env.ENVOY_BIN) return process.env.ENVOY_BIN;
  const versions = existsSync(cache) ? readdirSync(cache).sort() : [];
  if (versions.length === 0) throw new Error("there is no Envoy here: npm run envoy:install");
  return join(cache, versions.at(-1), "envoy");
}

/** As it is generated for the mode; without a mode, as for a tap and then without its filter: Envoy alone. */
export function bootstrapOf(mode, processor, origin) {
  const config = benchConfig(origin);
  const closed = { ...config, access: { ...config.access, ownKeys: "refuse" } };
  const options = { mode: mode ?? "tap", processor, listener: "127.0.0.1:0", admin: "127.0.0.1:0" };
  const bootstrap = parse(toEnvoyBootstrap(closed, options));
  const manager = bootstrap.static_resources.listeners[0].filter_chains[0].filters[0].typed_config;
  // A line for each call would be measured too, and is the same for all.
  delete manager.access_log;
  if (mode === undefined) {
    manager.http_filters = manager.http_filters.filter(({ name }) => !name.endsWith("ext_proc"));
    for (const route of manager.route_config.virtual_hosts[0].routes) delete route.typed_per_filter_config;
  }
  return stringify(bootstrap);
}

async function portOf(admin) {
  const { listener_statuses } = await (await fetch(`http://${admin}/listeners?format=json`)).json();
  return listener_statuses[0].local_address.socket_address.port_value;
}

async function whenLive(file, gone) {
  for (let tries = 0; tries < 400 && !gone(); tries++) {
    const admin = existsSync(file) ? readFileSync(file, "utf8") : "";
    const ready = admin && (await fetch(`http://${admin}/ready`).catch(() => undefined));
    if (ready?.ok) return portOf(admin);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("Envoy did not start");
}

/** Microseconds that all threads of a process ran so far. */
function cpuOf(pid) {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((id) =>
    Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, "utf8").split(" ")[0]),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1_000;
}

/** @param prefix of the command: what pins it to a core. */
export async function startEnvoy(bootstrap, prefix) {
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-"));
  const [file, addressFile] = [join(folder, "envoy.yaml"), join(folder, "admin")];
  writeFileSync(file, bootstrap);
  const words = ["-c", file, "--admin-address-path", addressFile, "--concurrency", "1", "--disable-hot-restart"];
  const [command, ...rest] = [...prefix, envoyBinary(), ...words, "--log-level", "error"];
  const child = spawn(command, rest, { stdio: ["ignore", "ignore", "inherit"] });
  process.on("exit", () => child.kill("SIGKILL"));
  const port = await whenLive(addressFile, () => child.exitCode !== null);
  return {
    port,
    cpu: () => cpuOf(child.pid),
    async stop() {
      const gone = once(child, "exit");
      child.kill("SIGKILL");
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
