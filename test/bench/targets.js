/** What has to be reached, from the results of one run. */

const cpu = (results, system, scenario) => results.cpu[scenario][system].cpu;
const perEvent = (results, system, scenario = "2 KB streamed") =>
  (cpu(results, system, scenario) - cpu(results, system, `${scenario}, short`)) / 80;

/** Microseconds of CPU that one more event of a stream costs. */
export const eventCost = perEvent;

function ratio(results, scenario, most) {
  const reached = cpu(results, "postern", scenario) / cpu(results, "parsing", scenario);
  return { name: `CPU on node, ${scenario}: ≤ ${most.toFixed(1)} × parse-and-relay`, reached, limit: most, unit: "×" };
}

function onExpress(results, scenario) {
  const parsing = cpu(results, "parsing", scenario);
  const limit = cpu(results, "parsing-express", scenario) + 0.6 * parsing;
  const reached = (cpu(results, "postern-express", scenario) - cpu(results, "parsing-express", scenario)) / parsing;
  const name = `CPU on Express, ${scenario}: ≤ parse-and-relay on Express + 0.6 × parse-and-relay`;
  return { name, reached, limit: 0.6, unit: "×", microseconds: { most: limit } };
}

function latency(results, scenario, quantile) {
  const of = results.latency[scenario];
  const reached = of.postern[quantile] - of.parsing[quantile];
  return { name: `added ${quantile}, ${scenario}: ≤ parse-and-relay's + 0.3 ms`, reached, limit: 0.3, unit: "ms" };
}

function translated(results, who) {
  const scenario = `${who}, streamed`;
  const reached = perEvent(results, "postern", scenario) - perEvent(results, "relay", scenario);
  return { name: `CPU of a translated event, ${who}: ≤ the undici relay's + 12 µs`, reached, limit: 12, unit: "µs" };
}

/** What a target of another dialect in the config costs a call that is not translated: nothing that can be told from noise. */
function sameDialect(results, scenario) {
  const reached = cpu(results, "postern", scenario) / cpu(results, "postern-single", scenario);
  return { name: `CPU on node, ${scenario}: ≤ 1.03 × one dialect configured`, reached, limit: 1.03, unit: "×" };
}

function onDisk(results) {
  const reached = cpu(results, "postern-sqlite", "2 KB whole") - cpu(results, "postern", "2 KB whole");
  return { name: "CPU of records and ledger on SQLite, 2 KB whole: ≤ memory + 25 µs", reached, limit: 25, unit: "µs" };
}

export function targets(results) {
  const events = perEvent(results, "postern") - perEvent(results, "relay");
  const lines = [
    ratio(results, "2 KB whole", 1.6),
    ratio(results, "100 KB whole", 1),
    { name: "CPU of a streamed event: ≤ the undici relay's + 3 µs", reached: events, limit: 3, unit: "µs" },
    onExpress(results, "2 KB whole"),
    onExpress(results, "100 KB whole"),
    translated(results, "OpenAI caller of Claude"),
    translated(results, "Anthropic caller of GPT"),
    sameDialect(results, "2 KB whole"),
    sameDialect(results, "2 KB streamed"),
    onDisk(results),
    { name: "start to first answer: ≤ 500 ms", reached: results.start.answered, limit: 500, unit: "ms" },
    ...Object.keys(results.latency).flatMap((scenario) => ["p50", "p95"].map((one) => latency(results, scenario, one))),
  ];
  return lines.map((line) => ({ ...line, met: line.reached <= line.limit }));
}
