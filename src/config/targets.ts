import type { Provider } from "../dialects/dialect.ts";
import type { Target, Timeouts } from "../step.ts";
import type { Config } from "./schema.ts";
import { Secret } from "./secrets.ts";

/** Milliseconds, for targets that a config says no more of, and for providers' own hosts. */
export const defaultTimeouts: Timeouts = { connect: 5_000, firstByte: 120_000, idle: 60_000 };

/** Each provider's own address. */
export const providerUrls: Readonly<Record<Provider, string>> = {
  openai: "https://api.openai.com/v1",
  anthropic: "https://api.anthropic.com/v1",
};

/** The targets of a config, by name, their secrets revealed: never log one. Throws an `Error` for a secret that was never read. */
export function resolveTargets(config: Config): ReadonlyMap<string, Target> {
  return new Map(Object.entries(config.targets).map(([name, target]) => [name, toTarget(name, target)]));
}

function toTarget(name: string, target: Config["targets"][string]): Target {
  const { provider, apiKey, auth, path, query, streamUsage, maxTokensField, region, losses, trusted, timeouts } =
    target;
  const headers = Object.entries(target.headers);
  return {
    name,
    provider,
    baseUrl: withoutSlashes(target.baseUrl ?? providerUrls[provider]),
    model: undefined,
    apiKey: apiKey?.reveal(),
    headers: Object.fromEntries(headers.map(([header, value]) => [header.toLowerCase(), textOf(value)])),
    trusted,
    timeouts,
    guarded: headers.some(([, value]) => value instanceof Secret),
    auth,
    path,
    query: new URLSearchParams(query).toString(),
    streamUsage,
    maxTokensField,
    region,
    losses,
  };
}

const textOf = (value: string | Secret): string => (value instanceof Secret ? value.reveal() : value);

function withoutSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === "/") end--;
  return url.slice(0, end);
}
