import type { Explanation, Question } from "../../src/index.ts";
import { details, toTable } from "./print.ts";

type Row = readonly string[];

/** One screen about one call. */
export function explained({ model }: Question, explanation: Explanation): string {
  const { targets, budgets, strategy } = explanation;
  const rows: Row[] = [["call", verdict(explanation)], ...callerRows(explanation)];
  if (explanation.caller !== undefined)
    rows.push(["model", `${model}, ${explanation.granted ? "granted" : "not granted"}`]);
  if (strategy !== undefined) rows.push(["strategy", strategy]);
  const places = targets.map(({ target, provider, model, region = "-", translated, losses, price }, index): Row => {
    const cost = price === undefined ? "unpriced" : `${price.input} / ${price.output}`;
    return [`${index + 1}`, target, provider, model, region, translated ? "yes" : "no", losses, cost];
  });
  const head: Row = ["", "target", "provider", "model", "region", "translated", "losses", "input / output"];
  const limits = budgets.map(({ name, limit, endsAt = "never" }): Row => [name, limit, endsAt]);
  const tables = [
    [...rows, ["redaction", redacted(explanation)]],
    places.length === 0 ? [] : [head, ...places],
    limits.length === 0 ? [["budgets", "none"]] : [["budget", "limit", "starts anew"], ...limits],
  ];
  return tables
    .filter((table) => table.length > 0)
    .map((table) => `\n${toTable(table)}`)
    .join("");
}

function verdict({ served, refusal }: Explanation): string {
  if (refusal === undefined) return "would be served";
  const code = refusal.code + details(refusal.detail);
  return served ? `would be served, since the mode is observe; else refused: ${code}` : `would be refused: ${code}`;
}

function callerRows({ caller }: Explanation): Row[] {
  if (caller === undefined) return [];
  const { key, attributes, models, maxOutputTokens, requestsPerMinute, requires } = caller;
  return [
    ["key", key ?? "none of this gateway's"],
    ...Object.entries(attributes).map(([name, value]): Row => [name, value ?? ""]),
    ["models", models?.join(", ") ?? "all"],
    ["output tokens", maxOutputTokens === undefined ? "no limit" : `${maxOutputTokens} at most`],
    ["requests", requestsPerMinute === undefined ? "no limit" : `${requestsPerMinute} per minute`],
    ["requires", requires.length === 0 ? "nothing" : requires.join(", ")],
  ];
}

function redacted({ redaction: { secrets, lists, ...pii } }: Explanation): string {
  const formats = typeof secrets === "string" ? { secrets } : { ...secrets, "other secrets": "block" };
  return Object.entries({ ...pii, ...formats, ...lists })
    .map(([type, action]) => `${type} ${action}`)
    .join(", ");
}
