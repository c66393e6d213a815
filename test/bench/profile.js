/**
 * Where a system's time goes once it is warm: `node test/bench/profile.js [system] [scenario] [seconds]` prints self time by file and by
 * function. Build first. The profile itself, for a browser's tools, is `bench-results/profile.cpuprofile`.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpuTurn, crossings, scenarios, warm } from "./measure.js";
import { pinLoad, startSystem, startUpstream, systems, variations } from "./processes.js";

const [name = "postern", scenarioName = "2 KB whole", seconds = "6"] = process.argv.slice(2);
const scenario = [...scenarios, ...crossings].find((one) => one.name === scenarioName);

pinLoad();
const upstream = await startUpstream();
const system = await startSystem(
  [...systems, ...variations].find((one) => one.name === name),
  upstream.port,
);
await warm(system, scenario, scenario.events === undefined ? 6_000 : 1_000);
const bare = await cpuTurn(system, scenario, { ms: 2_000, concurrency: 8 });
await system.profile();
const { count } = await cpuTurn(system, scenario, { ms: Number(seconds) * 1_000, concurrency: 8 });
const { profile } = await system.profile();
await system.stop();
upstream.stop();
mkdirSync("bench-results", { recursive: true });
writeFileSync("bench-results/profile.cpuprofile", JSON.stringify(profile));

const { nodes, samples, timeDeltas } = profile;
const byId = new Map(nodes.map((node) => [node.id, node.callFrame]));
const functions = new Map();
const files = new Map();
const add = (map, key, time) => map.set(key, (map.get(key) ?? 0) + time);
for (const [index, id] of samples.entries()) {
  const { functionName, url, lineNumber } = byId.get(id);
  if (functionName === "(idle)") continue;
  const file = url.replace(/^.*\/(dist|node_modules|test)\//, "") || functionName;
  add(files, file.startsWith("node:") ? "node:*" : file, timeDeltas[index]);
  add(functions, `${functionName || "(anonymous)"} ${file}:${lineNumber + 1}`, timeDeltas[index]);
}
const lines = [
  `${name}, ${scenarioName}: ${bare.cpu.toFixed(1)} µs of CPU, ${bare.perSecond.toFixed(0)}/s; profile of ${count} requests`,
];
for (const map of [files, functions]) {
  lines.push("  µs each");
  for (const [key, time] of [...map].sort((a, b) => b[1] - a[1]).slice(0, 40)) {
    lines.push(`${(time / count).toFixed(2).padStart(9)}  ${key}`);
  }
}
process.stdout.write(`${lines.join("\n")}\n`);
