import type { Provider } from "../dialects/dialect.ts";
import type { Target } from "../step.ts";
import type { Config } from "./schema.ts";

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
  const headers = Object.entries(target.headers).map(([header, value]) => [header.toLowerCase(), value]);
  return {
    name,
    provider: target.provider,
    baseUrl: withoutSlashes(target.baseUrl ?? providerUrls[target.provider]),
    model: undefined,
    apiKey: target.apiKey?.reveal(),
    headers: Object.fromEntries(headers),
    trusted: target.trusted,
    timeouts: target.timeouts,
  };
}

function withoutSlashes(url: string): string {
  let end = url.length;
  while (url[end - 1] === "/") end--;
  return url.slice(0, end);
}
