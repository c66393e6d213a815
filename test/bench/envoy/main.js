/**
 * `npm run bench:envoy`: the same traffic through an Envoy alone, with an echo processor and with Postern in every mode, and through the
 * node host, in one run. Compare within a run, never times of two runs. `--quick`: about two minutes. The results go to `bench-results/`.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { account, verify } from "../check.js";
import { latencyTurn, median, quantiles, scenarios, turn, warm } from "../measure.js";
import { cores, pinLoad, pinned, startUpstream } from "../processes.js";
import { envoyBinary } from "./envoys.js";
import { start, systems } from "./systems.js";
import { eventCost, targets } from "./targets.js";

const quick = process.argv.includes("--quick");
const plan = quick
  ? { rounds: 4, ms: 200, latencyRounds: 2, whole: 60, streamed: 15, warm: 800, streamedWarm: 60 }
  : { rounds: 15, ms: 700, latencyRounds: 30, whole: 300, streamed: 150, warm: 3_000, streamedWarm: 600 };
const chosen = scenarios.filter(({ name }) => !quick || name !== "100 KB streamed");
const concurrency = 8;
const say = (text = "") => process.stdout.write(`${text}\n`);

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
pinLoad();
const upstream = await startUpstream();
const running = [];
const sent = Object.fromEntries(systems.map(({ name }) => [name, 0]));

async function measureCpu(scenario) {
  const turns = Object.fromEntries(systems.map(({ name }) => [name, []]));
  for (let round = 0; round < plan.rounds; round++) {
    for (const system of running) {
      const one = await turn(system, scenario, { ms: plan.ms, concurrency });
      sent[system.name] += one.count;
      turns[system.name].push(one);
    }
  }
  const middle = (all, of) => median(all.map(of));
  const summary = (all) => ({
    cpu: middle(all, ({ used, count }) => used.cpu / count),
    envoy: middle(all, ({ used, count }) => used.envoy / count),
    perSecond: middle(all, ({ perSecond }) => perSecond),
    rss: all.at(-1).rss,
  });
  return Object.fromEntries(Object.entries(turns).map(([name, all]) => [name, summary(all)]));
}

async function measureLatency(scenario) {
  const samples = Object.fromEntries(systems.map(({ name }) => [name, []]));
  const count = scenario.events === undefined ? plan.whole : plan.streamed;
  for (let round = 0; round < plan.latencyRounds; round++) {
    for (const system of running) {
      const one = await latencyTurn(system, scenario, count);
      sent[system.name] += one.count;
      samples[system.name].push(one.samples);
    }
  }
  const own = Object.fromEntries(Object.entries(samples).map(([name, all]) => [name, quantiles(all)]));
  const added = ({ p50, p95 }) => ({ p50: p50 - own.direct.p50, p95: p95 - own.direct.p95 });
  return Object.fromEntries(Object.entries(own).map(([name, mine]) => [name, { ...added(mine), own: mine }]));
}

async function measure(scenario) {
  const count = scenario.events === undefined ? plan.warm : plan.streamedWarm;
  for (const system of running) sent[system.name] += await warm(system, scenario, count);
  const cpu = await measureCpu(scenario);
  const latency = scenario.onlyCpu ? {} : await measureLatency(scenario);
  return Object.fromEntries(systems.map(({ name }) => [name, { ...cpu[name], ...latency[name] }]));
}

const column = (value, width, digits) => (Number.isFinite(value) ? value.toFixed(digits) : "").padStart(width);

function show(scenario, rows) {
  say(`\n${scenario.name}`);
  say(`${"".padEnd(30)}  req/s  CPU µs: processor   Envoy   added p50    p95 ms   RSS MB`);
  for (const { name, label } of systems) {
    const { perSecond, cpu, envoy, p50, p95, rss } = rows[name];
    const times = `${column(p50, 12, 3)}${column(p95, 10, 3)}`;
    say(
      `${label.padEnd(30)}${column(perSecond, 7, 0)}${column(cpu, 19, 1)}${column(envoy, 8, 1)}${times}${column(rss / 1_048_576, 9, 0)}`,
    );
  }
}

/** Whether Postern did for each request what it was asked for, wherever it may. */
async function accounts() {
  const all = {};
  for (const system of running) {
    const { counts } = await system.usage();
    if (system.name.startsWith("postern")) all[system.name] = account(counts, sent[system.name]);
  }
  return all;
}

const results = {};
let done;
try {
  for (const system of systems) running.push(await start(system, upstream.port));
  for (const scenario of chosen) {
    for (const system of running) sent[system.name] += await verify(system, scenario);
    results[scenario.name] = await measure(scenario);
    show(scenario, results[scenario.name]);
  }
  done = await accounts();
} finally {
  for (const system of running) await system.stop();
  upstream.stop();
}

const perEvent = Object.fromEntries(
  systems
    .slice(1)
    .map(({ name }) => [
      name,
      { processor: eventCost(results, name, "cpu"), envoy: eventCost(results, name, "envoy") },
    ]),
);
say("\nCPU of one more streamed chunk, µs: processor, Envoy");
for (const [name, { processor, envoy }] of Object.entries(perEvent))
  say(`  ${name.padEnd(20)}${column(processor, 8, 2)}${column(envoy, 8, 2)}`);
say("\nWhat was done");
for (const [name, { lines }] of Object.entries(done))
  for (const [what, got, wanted] of lines)
    say(`  ${name}: ${what}: ${got} of ${wanted}${got === wanted ? "" : "  <- NOT ALL"}`);
const reached = targets(results);
say("\nTargets");
for (const line of reached)
  say(`  ${line.met ? "yes" : "NO "}  ${line.reached.toFixed(2).padStart(8)} ${line.unit}  ${line.name}`);

const date = new Date().toISOString();
const pins = pinned ? cores : null;
const machine = {
  node: process.version,
  cpu: cpus()[0]?.model,
  count: cpus().length,
  release: release(),
  pinned: pins,
};
const envoy = envoyBinary().split("/").at(-2);
const report = {
  date,
  machine,
  envoy,
  plan: { quick, concurrency, ...plan },
  results,
  perEvent,
  accounts: done,
  targets: reached,
};
mkdirSync("bench-results", { recursive: true });
const file = `bench-results/envoy-${date.slice(0, 19).replaceAll(":", "")}${quick ? "-quick" : ""}.json`;
writeFileSync(file, `${JSON.stringify(report, undefined, 1)}\n`);
say(`\nwritten: ${file}`);
if (Object.values(done).some(({ complete }) => !complete)) process.exitCode = 1;
