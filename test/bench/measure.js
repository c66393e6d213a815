/** Rounds: in each every system has its turn, so that what disturbs the machine disturbs all alike. */
import { openConnection, requestBytes } from "./client.js";
import { requestBody, variants } from "./traffic.js";
import { wires } from "./wires.js";

export const scenarios = [
  { name: "2 KB whole", size: 2_048 },
  { name: "100 KB whole", size: 102_400 },
  { name: "2 KB streamed", size: 2_048, events: 100 },
  { name: "100 KB streamed", size: 102_400, events: 100 },
  { name: "2 KB streamed, short", size: 2_048, events: 20, onlyCpu: true },
];

const crossing = (name, caller, provider, model) => {
  const scenario = { size: 2_048, onlyCpu: true, caller, provider, model, systems: ["relay", "postern"] };
  return [
    { ...scenario, name: `${name}, whole` },
    { ...scenario, name: `${name}, streamed`, events: 100 },
    { ...scenario, name: `${name}, streamed, short`, events: 20 },
  ];
};

/** The caller speaks one wire and the provider another; a relay, which cannot do that, carries the provider's. */
export const crossings = [
  ...crossing("OpenAI caller of Claude", "openai", "anthropic", "claude"),
  ...crossing("Anthropic caller of GPT", "anthropic", "openai", "gpt"),
];

/** What a system is spoken to in. */
export function wireOf({ caller = "openai", provider = "openai" }, { name }) {
  return name.startsWith("postern") ? caller : provider;
}

export function requestsFor(scenario, system) {
  const name = wireOf(scenario, system);
  const { path, headers } = wires[name];
  const mounted = system.path.replace(wires.openai.path, path);
  return Array.from({ length: variants }, (_, variant) =>
    requestBytes(mounted, requestBody(scenario, variant, name), headers),
  );
}

/** Requests one after the other on each of `connections` until `until()`; returns how many were answered. */
async function load(connections, requests, until) {
  let count = 0;
  const run = async (connection) => {
    while (!until(count)) await connection.send(requests[count++ % requests.length]);
  };
  await Promise.all(connections.map(run));
  return count;
}

const openAll = (port, count) => Promise.all(Array.from({ length: count }, () => openConnection(port)));

/** `count` requests before anything is measured. */
export async function warm(system, scenario, count) {
  const connections = await openAll(system.port, 8);
  const sent = await load(connections, requestsFor(scenario, system), (so) => so >= count);
  for (const connection of connections) connection.close();
  return sent;
}

/** One turn of `ms`: what its processes used meanwhile, each of `usage()`'s sums of microseconds. */
export async function turn(system, scenario, { ms, concurrency }) {
  const requests = requestsFor(scenario, system);
  const connections = await openAll(system.port, concurrency);
  const before = await system.usage();
  const startedAt = performance.now();
  const count = await load(connections, requests, () => performance.now() - startedAt >= ms);
  const took = performance.now() - startedAt;
  const after = await system.usage();
  for (const connection of connections) connection.close();
  const used = { cpu: after.cpu - before.cpu, envoy: after.envoy - before.envoy };
  return { used, perSecond: (count * 1_000) / took, count, rss: after.rss };
}

/** CPU microseconds a request and requests a second. */
export async function cpuTurn(system, scenario, plan) {
  const { used, ...rest } = await turn(system, scenario, plan);
  return { ...rest, cpu: used.cpu / rest.count };
}

/** Milliseconds of `count` requests, one at a time: until the first text of a stream, until the end of a whole answer. */
export async function latencyTurn(system, scenario, count) {
  const requests = requestsFor(scenario, system);
  const connection = await openConnection(system.port);
  const samples = new Float64Array(count);
  const totals = new Float64Array(count);
  for (let index = 0; index < 5; index++) await connection.send(requests[index]);
  for (let index = 0; index < count; index++) {
    const { first, total } = await connection.send(requests[index % requests.length]);
    samples[index] = scenario.events === undefined ? total : first;
    totals[index] = total;
  }
  connection.close();
  return { samples, totals, count: count + 5 };
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Of turns' samples together. */
export function quantiles(turns) {
  const all = Float64Array.from(turns.flatMap((turn) => [...turn])).sort();
  const at = (share) => all[Math.min(all.length - 1, Math.floor(all.length * share))];
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), samples: all.length };
}
