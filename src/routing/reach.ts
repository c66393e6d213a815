import { defaultTimeouts, providerUrls } from "../config/targets.ts";
import type { Provider } from "../dialects/dialect.ts";
import type { Caller } from "../facts.ts";
import type { Target } from "../step.ts";

/** A provider's own host, for callers with a key of their own. */
const ownHost = (provider: Provider): Target => ({
  name: provider,
  provider,
  baseUrl: providerUrls[provider],
  model: undefined,
  apiKey: undefined,
  headers: {},
  trusted: false,
  timeouts: defaultTimeouts,
});
export const ownHosts: Readonly<Record<Provider, Target>> = {
  openai: ownHost("openai"),
  anthropic: ownHost("anthropic"),
};

/** An operator's key or secret header is used for callers with a virtual key alone; a target without (a local model) is anybody's. */
export const mayReach = (caller: Caller, { apiKey, guarded = false }: Target): boolean =>
  caller.key !== undefined || (apiKey === undefined && !guarded);

const keyless = new WeakMap<Target, Target>();

/** The host alone, for a caller that has pointed its own key there itself; what else the operator put into the target stays out. */
export function withoutKey(target: Target): Target {
  const known = keyless.get(target);
  if (known !== undefined) return known;
  const host = { ...target, apiKey: undefined, headers: {}, guarded: false };
  keyless.set(target, host);
  return host;
}

/** `gpt-5*` names all that begin so. */
const names = (right: string, model: string): boolean =>
  right.endsWith("*") ? model.startsWith(right.slice(0, -1)) : right === model;

export const mayAsk = (caller: Caller, model: string): boolean =>
  caller.models?.some((right) => names(right, model)) ?? true;
