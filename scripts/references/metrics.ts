import { createMetrics } from "../../adapters/sidecar/metrics.ts";
import { noUsage } from "../../src/dialects/dialect.ts";
import type { AttemptOutcome, CallContext, Receipt } from "../../src/index.ts";
import { code, list, page, table } from "./markdown.ts";

const attempt: AttemptOutcome = {
  number: 1,
  target: "openai",
  provider: "openai",
  model: "gpt-5-mini",
  result: "answered",
  code: undefined,
  status: 200,
  reason: undefined,
  retryAfter: undefined,
  sent: true,
  committed: true,
  losses: [],
  usage: noUsage,
  flowed: 0,
  cost: 0n,
  startedAt: 0,
  firstByte: 0,
  duration: 0,
};

/** One call that has a value for every family. */
const receipt: Receipt = {
  id: "",
  outcome: "answered",
  status: 200,
  code: undefined,
  dialect: "openai-chat",
  operation: "chat",
  model: "gpt-5-mini",
  stream: false,
  target: "openai",
  attempts: [attempt],
  usage: noUsage,
  cost: 0n,
  budget: undefined,
  findings: [{ type: "EMAIL", action: "masked", count: 1 }],
  key: undefined,
  attributes: {},
  startedAt: 0,
  duration: 0,
  overhead: 0,
  observed: [],
};

/** Every metric, as the endpoint itself tells of it after one call. */
export function metricsReference(): string {
  const metrics = createMetrics();
  const hooks = metrics.step.open({} as CallContext);
  void hooks?.settle?.(receipt);
  const lines = metrics.render().split("\n");
  const rows = lines.flatMap((line, index) => {
    const [, name = "", help = ""] = /^# HELP (\S+) (.*)$/.exec(line) ?? [];
    if (name === "") return [];
    const labels = new Set(lines.flatMap((series) => (series.startsWith(`${name}{`) ? labelsOf(series) : [])));
    return [[code(name), lines[index + 1]?.split(" ").at(-1) ?? "", list(labels), help]];
  });
  return page(
    "Metrics",
    [
      "`postern serve` answers `GET /metrics` in Prometheus' text format (0.0.4) on a port of its own, to whoever shows the token in `POSTERN_ADMIN_TOKEN`",
      "as `authorization: Bearer …`; without that variable there is no such port. `--admin-port` is 8788 by default.",
    ].join("\n"),
    table(["Metric", "Type", "Labels", "Meaning"], rows),
    [
      "- `code` is empty where nothing failed, else one of [the codes](errors.md).",
      "- No label is a caller's own word: targets come from the config, everything else from closed sets. Models, keys, teams and customers are not labels;",
      "  what each of them spends is in the ledger (`postern spend`).",
      "- Calls that no step has seen (no AI endpoint, a malformed head, the gateway overloaded or draining) are not counted.",
      "- Counters begin at zero with the process. There are no histograms: durations are sums, which give means.",
    ].join("\n"),
  );
}

const labelsOf = (series: string): readonly string[] => [...series.matchAll(/(\w+)="/g)].map(([, label = ""]) => label);
