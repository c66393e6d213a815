/** What has to be reached, from the results of one run. */

const cpu = (results, system, scenario) => results.cpu[scenario][system].cpu;
const perEvent = (results, system) =>
  (cpu(results, system, "2 KB streamed") - cpu(results, system, "2 KB streamed, short")) / 80;

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

export function targets(results) {
  const events = perEvent(results, "postern") - perEvent(results, "relay");
  const lines = [
    ratio(results, "2 KB whole", 1.6),
    ratio(results, "100 KB whole", 1),
    { name: "CPU of a streamed event: ≤ the undici relay's + 3 µs", reached: events, limit: 3, unit: "µs" },
    onExpress(results, "2 KB whole"),
    onExpress(results, "100 KB whole"),
    ...Object.keys(results.latency).flatMap((scenario) => ["p50", "p95"].map((one) => latency(results, scenario, one))),
  ];
  return lines.map((line) => ({ ...line, met: line.reached <= line.limit }));
}
