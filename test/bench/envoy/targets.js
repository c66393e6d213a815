/** What has to be reached, from the results of one run. */
import { modes, posternIn } from "./systems.js";

/** Of one more event of a stream, in microseconds: the processor's `cpu` or Envoy's. */
export const eventCost = (results, name, whose) =>
  (results["2 KB streamed"][name][whose] - results["2 KB streamed, short"][name][whose]) / 80;

function latency(results, scenario, mode) {
  const of = results[scenario];
  const reached = of[posternIn(mode)].p50 - of[`echo-${mode}`].p50;
  return { name: `${mode}, ${scenario}: added p50 ≤ its echo's + 0.3 ms`, reached, limit: 0.3, unit: "ms" };
}

/** What the gateway's own work costs on `node:http`: its CPU less that of bytes relayed. */
function policy(results, scenario, mode) {
  const of = results[scenario];
  const limit = of.postern.cpu - of.relay.cpu;
  const reached = of[posternIn(mode)].cpu - of[`echo-${mode}`].cpu;
  const name = `${mode}, ${scenario}: processor CPU ≤ its echo's + the node host's policy (${limit.toFixed(0)} µs)`;
  return { name, reached, limit, unit: "µs" };
}

function event(results, mode) {
  const reached = eventCost(results, posternIn(mode), "cpu") - eventCost(results, `echo-${mode}`, "cpu");
  return { name: `${mode}: CPU of a streamed chunk ≤ its echo's + 5 µs`, reached, limit: 5, unit: "µs" };
}

export function targets(results) {
  const scenarios = Object.keys(results).filter((name) => !name.endsWith("short"));
  const lines = modes.flatMap((mode) => [
    ...scenarios.map((scenario) => latency(results, scenario, mode)),
    ...scenarios.map((scenario) => policy(results, scenario, mode)),
    event(results, mode),
  ]);
  return lines.map((line) => ({ ...line, met: line.reached <= line.limit }));
}
