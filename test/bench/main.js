/**
 * `npm run bench`: the same traffic through every system, in one run. Compare ratios within a run, never times of two runs.
 * Half an hour at most; `--quick`: a minute or two. `--only=2 KB whole`: one scenario. The results go to `bench-results/<date>.json`; `readme-table.js` makes README's table of them.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { account, eventBytes, verify } from "./check.js";
import { cpuTurn, crossings, latencyTurn, median, quantiles, scenarios, warm } from "./measure.js";
import { cores, pinLoad, pinned, startSystem, startUpstream, systems, takesPart, variations } from "./processes.js";
import { measureStart } from "./start.js";
import { eventCost, targets } from "./targets.js";

const flag = (name) => process.argv.find((argument) => argument === name || argument.startsWith(`${name}=`));
const quick = flag("--quick") !== undefined;
const only = flag("--only")?.slice("--only=".length);
const plan = quick
  ? { rounds: 4, ms: 150, latencyRounds: 2, whole: 100, streamed: 15, warm: 600, streamedWarm: 40, starts: 2 }
  : { rounds: 15, ms: 500, latencyRounds: 50, whole: 400, streamed: 400, warm: 3_000, streamedWarm: 600, starts: 9 };
const chosen = [...scenarios, ...crossings].filter(({ name }) => only === undefined || name.startsWith(only));
const concurrency = 8;
const say = (text = "") => process.stdout.write(`${text}\n`);

pinLoad();
const upstream = await startUpstream();
const running = [];
for (const system of [...systems, ...variations]) running.push(await startSystem(system, upstream.port));
/** Requests sent to each system, and of these the ones to be translated; and all that are to reach the provider in Anthropic's wire. */
const sent = Object.fromEntries(running.map(({ name }) => [name, 0]));
const translated = { ...sent };
const verified = { ...sent };
let messages = 0;

function note({ name }, { caller, provider }, count) {
  sent[name] += count;
  if (provider === "anthropic") messages += count;
  if (name.startsWith("postern") && caller !== provider) translated[name] += count;
}
const inTurn = (scenario) => running.filter((system) => takesPart(system, scenario));

for (const scenario of chosen) {
  for (const system of inTurn(scenario)) {
    const answers = await verify(system, scenario);
    verified[system.name] += answers;
    note(system, scenario, answers);
  }
}

async function measureCpu(scenario) {
  const turns = Object.fromEntries(inTurn(scenario).map(({ name }) => [name, []]));
  for (let round = 0; round < plan.rounds; round++) {
    for (const system of inTurn(scenario)) {
      const turn = await cpuTurn(system, scenario, { ms: plan.ms, concurrency });
      note(system, scenario, turn.count);
      turns[system.name].push(turn);
    }
  }
  const summary = (all) => ({
    cpu: median(all.map(({ cpu }) => cpu)),
    perSecond: median(all.map(({ perSecond }) => perSecond)),
    rss: all.at(-1).rss,
    requests: all.reduce((sum, { count }) => sum + count, 0),
  });
  return Object.fromEntries(Object.entries(turns).map(([name, all]) => [name, summary(all)]));
}

async function measureLatency(scenario) {
  const measured = running.filter(({ scenarios: some }) => some === undefined);
  const turns = Object.fromEntries(measured.map(({ name }) => [name, { samples: [], totals: [] }]));
  const count = scenario.events === undefined ? plan.whole : plan.streamed;
  for (let round = 0; round < plan.latencyRounds; round++) {
    for (const system of measured) {
      const turn = await latencyTurn(system, scenario, count);
      note(system, scenario, turn.count);
      turns[system.name].samples.push(turn.samples);
      turns[system.name].totals.push(turn.totals);
    }
  }
  const all = Object.entries(turns).map(([name, { samples, totals }]) => [name, quantiles(samples), quantiles(totals)]);
  const [, direct] = all.find(([name]) => name === "direct");
  const added = (own) => ({ p50: own.p50 - direct.p50, p95: own.p95 - direct.p95, p99: own.p99 - direct.p99 });
  return Object.fromEntries(
    all.map(([name, own, whole]) => [name, { ...added(own), samples: own.samples, own, whole }]),
  );
}

const column = (value, width, digits) => (Number.isFinite(value) ? value.toFixed(digits) : "").padStart(width);

const results = { cpu: {}, latency: {} };
for (const scenario of chosen) {
  for (const system of inTurn(scenario)) {
    const count = scenario.events === undefined ? plan.warm : plan.streamedWarm;
    // What is compared with its own variation is warm to the same degree, though the latter takes no part in measuring latency.
    const varied = inTurn(scenario).length > systems.length && system.name.startsWith("postern");
    note(system, scenario, await warm(system, scenario, varied ? count * 4 : count));
  }
  results.cpu[scenario.name] = await measureCpu(scenario);
  if (!scenario.onlyCpu) results.latency[scenario.name] = await measureLatency(scenario);
  say(`\n${scenario.name}`);
  say(`${"".padEnd(34)}  req/s   CPU µs   added p50    p95    p99 ms   RSS MB`);
  for (const { name, label } of inTurn(scenario)) {
    const { cpu, perSecond, rss } = results.cpu[scenario.name][name];
    const { p50, p95, p99 } = results.latency[scenario.name]?.[name] ?? {};
    const isDirect = name === "direct";
    say(
      `${label.replaceAll(/[*`]/g, "").padEnd(34)}${column(perSecond, 7, 0)}${column(isDirect ? Number.NaN : cpu, 9, 1)}${column(p50, 12, 3)}${column(p95, 7, 3)}${column(p99, 7, 3)}${column(isDirect ? Number.NaN : rss / 1_048_576, 12, 0)}`,
    );
  }
}

const accounts = {};
for (const { name, account: tell } of running) {
  const { rss, counts } = await tell();
  const mine = { rss, sent: sent[name], verified: verified[name] };
  accounts[name] = name.startsWith("postern") ? { ...mine, ...account(counts, sent[name], translated[name]) } : mine;
}
const provider = await upstream.seen();
results.start = await measureStart(upstream.port, plan.starts);
for (const system of running) await system.stop();
upstream.stop();

say("\nWhat was done");
for (const [name, { sent: requests, verified: answers, lines, dollars }] of Object.entries(accounts)) {
  say(`  ${name}: ${requests} requests; ${answers} answers compared with what a caller has to see`);
  for (const [what, got, wanted] of lines ?? [])
    say(`    ${what}: ${got} of ${wanted}${got === wanted ? "" : "  <- NOT ALL"}`);
  if (dollars !== undefined) say(`    charged: $${dollars.toFixed(2)}`);
}
say(
  `  the provider saw ${provider.requests} requests; of ${provider.sampled} read, ${provider.hidden} held placeholders only`,
);
say(`    in Anthropic's wire: ${provider.messages} of ${messages}`);
const { start } = results;
say(
  `\n\`postern serve\`, everything on, SQLite: listens after ${start.listening.toFixed(0)} ms, first answer after ${start.answered.toFixed(0)} ms; ${(start.rss / 1_048_576).toFixed(0)} MB idle`,
);
const done = provider.messages === messages && Object.values(accounts).every(({ complete }) => complete !== false);
const complete = only === undefined;
const lines = complete ? targets(results) : [];
if (complete) {
  results.perEvent = Object.fromEntries(systems.slice(1).map(({ name }) => [name, eventCost(results, name)]));
  say(`\nCPU of one more streamed event (about ${eventBytes(100)} bytes), µs`);
  for (const [name, cost] of Object.entries(results.perEvent)) say(`  ${name.padEnd(18)}${column(cost, 7, 2)}`);
  for (const { name } of crossings.filter((one) => one.events === 100)) {
    const [relay, postern] = ["relay", "postern"].map((system) => eventCost(results, system, name));
    results.perEvent[name] = { relay, postern };
    say(`  ${name}: relay ${relay.toFixed(2)}, postern ${postern.toFixed(2)}`);
  }
  say("\nTargets");
  for (const { name, reached, unit, met } of lines)
    say(`  ${met ? "yes" : "NO "}  ${reached.toFixed(2).padStart(6)} ${unit.padEnd(2)}  ${name}`);
  const report = {
    date: new Date().toISOString(),
    machine: {
      node: process.version,
      cpu: cpus()[0]?.model,
      count: cpus().length,
      release: release(),
      pinned: pinned ? cores : null,
    },
    plan: { quick, concurrency, ...plan },
    results,
    accounts,
    provider,
    targets: lines,
  };
  mkdirSync("bench-results", { recursive: true });
  const file = `bench-results/${report.date.slice(0, 19).replaceAll(":", "")}${quick ? "-quick" : ""}.json`;
  writeFileSync(file, `${JSON.stringify(report, undefined, 1)}\n`);
  say(`\nwritten: ${file}`);
}
if (!done) process.exitCode = 1;
