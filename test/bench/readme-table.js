/** Puts the table of a run between README's markers: `node test/bench/readme-table.js bench-results/<date>.json`. */
import { readFileSync, writeFileSync } from "node:fs";
import { systems } from "./processes.js";

const [file] = process.argv.slice(2);
const { machine, plan, results, accounts, targets } = JSON.parse(readFileSync(file, "utf8"));
const whole = (value) => value.toFixed(0);
const columns = [
  ["CPU 2 KB, µs", ({ name }) => whole(results.cpu["2 KB whole"][name].cpu)],
  ["CPU 100 KB, µs", ({ name }) => whole(results.cpu["100 KB whole"][name].cpu)],
  ["CPU an event, µs", ({ name }) => results.perEvent[name].toFixed(1)],
  ["2 KB calls/s", ({ name }) => whole(results.cpu["2 KB whole"][name].perSecond)],
  ...["p50", "p95", "p99"].map((one) => [
    `added ${one}, ms`,
    ({ name }) => results.latency["2 KB whole"][name][one].toFixed(2),
  ]),
  ["RSS, MB", ({ name }) => whole(accounts[name].rss / 1_048_576)],
];
const more = (name) => results.perEvent[name].postern - results.perEvent[name].relay;
const onDisk = results.cpu["2 KB whole"]["postern-sqlite"].cpu - results.cpu["2 KB whole"].postern.cpu;
const row = (cells) => `| ${cells.join(" | ")} |`;
const lines = [
  row(["", ...columns.map(([title]) => title)]),
  row(["---", ...columns.map(() => "---:")]),
  ...systems
    .filter(({ name }) => name !== "direct")
    .map((system) => row([system.label, ...columns.map(([, cell]) => cell(system))])),
  "",
  `Node ${machine.node.slice(1)}, ${machine.cpu.trim()}, ${results.latency["2 KB whole"].postern.samples} samples of latency, ${plan.concurrency} calls at once for CPU. An event that is translated costs ${more("OpenAI caller of Claude, streamed").toFixed(1)} µs (from Anthropic's wire) and ${more("Anthropic caller of GPT, streamed").toFixed(1)} µs (from OpenAI's) more than one that the bare relay passes on; records and ledger in SQLite ${onDisk.toFixed(0)} µs a call more than in memory; \`postern serve\` gives its first answer ${whole(results.start.answered)} ms after its start and holds ${whole(results.start.rss / 1_048_576)} MB idle. Targets reached: ${targets.filter(({ met }) => met).length} of ${targets.length}.`,
];
const readme = readFileSync("README.md", "utf8");
const [start, end] = ["<!-- bench -->", "<!-- /bench -->"];
if (!readme.includes(start) || !readme.includes(end)) throw new Error("README has no markers for the table");
const before = readme.slice(0, readme.indexOf(start) + start.length);
writeFileSync("README.md", `${before}\n${lines.join("\n")}\n${readme.slice(readme.indexOf(end))}`);
