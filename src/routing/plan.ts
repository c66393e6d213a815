import type { Config } from "../config/schema.ts";
import { providerUrls } from "../config/targets.ts";
import type { Ask, Dialect, Provider } from "../dialects/dialect.ts";
import { Refusal } from "../errors.ts";
import type { Caller } from "../facts.ts";
import type { Target } from "../step.ts";

/** Who may be tried for one call, in order, and what speaks against trying anybody. */
export interface Plan {
  readonly targets: readonly Target[];
  readonly refusal: Refusal | undefined;
}

export interface Planner {
  plan(caller: Caller, dialect: Dialect, ask: Ask): Plan;
  /** Who may be tried when the host picked a target by name: the whole plan if that is in it, else that target alone; or nobody. */
  picked(name: string, plan: Plan, caller: Caller, dialect: Dialect): readonly Target[];
  /** Names that the caller may ask for in this dialect; `undefined` where the provider knows better. */
  models(caller: Caller, dialect: Dialect): readonly string[] | undefined;
}

const ownTimeouts: Target["timeouts"] = { connect: 5_000, firstByte: 120_000, idle: 60_000 };

/** A provider's own host, for callers with a key of their own. */
const ownHost = (provider: Provider): Target => ({
  name: provider,
  provider,
  baseUrl: providerUrls[provider],
  model: undefined,
  apiKey: undefined,
  headers: {},
  trusted: false,
  timeouts: ownTimeouts,
});
const ownHosts: Readonly<Record<Provider, Target>> = { openai: ownHost("openai"), anthropic: ownHost("anthropic") };

/** An operator's key is used for callers with a virtual key alone; a target without one (a local model) is anybody's. */
export const mayReach = (caller: Caller, target: Target): boolean =>
  caller.key !== undefined || target.apiKey === undefined;

const keyless = new WeakMap<Target, Target>();

/** The host alone, for a caller that has pointed its own key there itself; what else the operator put into the target stays out. */
function withoutKey(target: Target): Target {
  const known = keyless.get(target);
  if (known !== undefined) return known;
  const host = { ...target, apiKey: undefined, headers: {} };
  keyless.set(target, host);
  return host;
}

/** `gpt-5*` names all that begin so. */
const names = (right: string, model: string): boolean =>
  right.endsWith("*") ? model.startsWith(right.slice(0, -1)) : right === model;

const mayAsk = (caller: Caller, model: string): boolean => caller.models?.some((right) => names(right, model)) ?? true;

function toAliases(config: Config, targets: ReadonlyMap<string, Target>): ReadonlyMap<string, readonly Target[]> {
  const toTarget = (alias: string, name: string, model: string | undefined): Target => {
    const target = targets.get(name);
    if (target === undefined) throw new Error(`models.${alias} names the target ${name}, which is not configured`);
    return model === undefined ? target : { ...target, model };
  };
  return new Map(
    Object.entries(config.models).map(([alias, { targets: entries }]) => [
      alias,
      entries.map(({ target, model }) => toTarget(alias, target, model)),
    ]),
  );
}

/** What a config offers. */
interface Offer {
  readonly aliases: ReadonlyMap<string, readonly Target[]>;
  readonly targets: ReadonlyMap<string, Target>;
}

/** A caller's own key is one host's: it is shown to no second one. */
function planOwn({ aliases, targets }: Offer, caller: Caller, provider: Provider, model: string): Plan {
  const may = (target: Target): boolean => target.provider === provider && mayReach(caller, target);
  const named = targets.get(provider);
  const target = aliases.get(model)?.find(may) ?? (named && may(named) ? named : ownHosts[provider]);
  return { targets: [target], refusal: undefined };
}

function planKeyed({ aliases, targets }: Offer, caller: Caller, provider: Provider, model: string): Plan {
  const entries = aliases.get(model);
  const reachable = (entries ?? [...targets.values()]).filter((target) => mayReach(caller, target));
  const speaking = reachable.filter((target) => target.provider === provider);
  const reason = reachable.length > 0 ? "dialect" : "key";
  const none = speaking.length > 0 ? undefined : new Refusal("no_target", { reason });
  if (entries !== undefined) return { targets: speaking, refusal: none };
  const unknown = aliases.size > 0 && model !== "";
  return { targets: speaking.slice(0, 1), refusal: unknown ? new Refusal("model_not_found") : none };
}

/** Base URLs come from the config and from the table of providers, never from a request. */
export function createPlanner(config: Config, targets: ReadonlyMap<string, Target>): Planner {
  const aliases = toAliases(config, targets);
  const offer: Offer = { aliases, targets };

  return {
    plan(caller, { provider }, { model }) {
      const plan = (caller.key === undefined ? planOwn : planKeyed)(offer, caller, provider, model);
      return model === "" || mayAsk(caller, model) ? plan : { ...plan, refusal: new Refusal("model_not_found") };
    },
    picked(name, { targets: planned }, caller, { provider }) {
      if (planned.some((target) => target.name === name)) return planned;
      const target = targets.get(name);
      if (target?.provider !== provider) return [];
      if (mayReach(caller, target)) return [target];
      return caller.key === undefined ? [withoutKey(target)] : [];
    },
    models(caller, { provider }) {
      if (aliases.size === 0 || caller.key === undefined) return undefined;
      const served = (entries: readonly Target[]): boolean =>
        entries.some((target) => target.provider === provider && mayReach(caller, target));
      return [...aliases]
        .filter(([alias, entries]) => mayAsk(caller, alias) && served(entries))
        .map(([alias]) => alias);
    },
  };
}
