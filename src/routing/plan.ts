import type { Config } from "../config/schema.ts";
import type { Ask, Dialect } from "../dialects/dialect.ts";
import { Refusal } from "../errors.ts";
import type { Caller } from "../facts.ts";
import type { RequestHead } from "../http.ts";
import type { Picked, Target } from "../step.ts";
import { mayAsk, mayReach, ownHosts, withoutKey } from "./reach.ts";
import { createPins, isInside, type Pins } from "./regions.ts";
import { inOrder, type Place, type Strategy } from "./strategy.ts";
import { understands } from "./translation.ts";

/** Who may be tried for one call, in order, and what speaks against trying anybody. */
export interface Plan {
  readonly targets: readonly Target[];
  readonly refusal: Refusal | undefined;
  /** Regions outside of which no target may be tried. */
  readonly pins: Pins;
}

/** A call as routing looks at it. */
export interface Demand {
  readonly caller: Caller;
  readonly dialect: Dialect;
  readonly ask: Ask;
  readonly head: RequestHead;
}

export interface Planner {
  plan(demand: Demand): Plan;
  /** Who may be tried when the host picked a target by name: the whole plan if that is in it, else that target alone; or nobody. */
  picked(picked: Picked, plan: Plan, demand: Demand): readonly Target[];
  /** Names that the caller may ask for in this dialect; `undefined` where the provider knows better. */
  models(demand: Demand): readonly string[] | undefined;
}

export interface PlannerOptions {
  /** In [0, 1). */
  readonly random: () => number;
  readonly translates?: boolean;
}

interface Alias extends Strategy {
  readonly region: string | undefined;
  readonly places: readonly Place[];
}

function toAliases(config: Config, targets: ReadonlyMap<string, Target>): ReadonlyMap<string, Alias> {
  const toTarget = (alias: string, name: string, model: string | undefined): Target => {
    const target = targets.get(name);
    if (target === undefined) throw new Error(`models.${alias} names the target ${name}, which is not configured`);
    return model === undefined ? target : { ...target, model };
  };
  return new Map(
    Object.entries(config.models).map(([name, { targets: entries, strategy, stickyBy, region }]) => {
      const places = entries.map(({ target, model, weight }) => ({ target: toTarget(name, target, model), weight }));
      return [name, { strategy, stickyBy, region, places }];
    }),
  );
}

/** What has to be true of a target for a call; the first that is true of none is the reason why there is none. */
type Reason = "key" | "dialect" | "region";
const reasons: readonly Reason[] = ["key", "dialect", "region"];
type Test = (target: Target) => Reason | undefined;

function whyNone(places: readonly Place[], test: Test): Refusal {
  const found = places.map(({ target }) => test(target));
  const furthest = Math.max(0, ...found.map((reason) => (reason === undefined ? 0 : reasons.indexOf(reason))));
  const reason = reasons[furthest] ?? "key";
  return new Refusal(reason === "key" ? "no_target" : "target_unfit", { reason });
}

/** Base URLs come from the config and from the table of providers, never from a request. */
export function createPlanner(
  config: Config,
  targets: ReadonlyMap<string, Target>,
  { random, translates: translating = true }: PlannerOptions,
): Planner {
  const aliases = toAliases(config, targets);
  const everybody = [...targets.values()].map((target) => ({ target, weight: 1 }));
  const pinsOf = createPins(config);

  const served = new Set(
    [...aliases].flatMap(([name, { places }]) => places.map(({ target }) => target.model ?? name)),
  );

  /** Further models go by their providers' names, which no alias has: where aliases bound what may be asked for, they vouch for what they lead to. */
  const mayAskAll = (caller: Caller, { model, furtherModels = [] }: Ask): boolean => {
    if (model !== "" && !mayAsk(caller, model)) return false;
    if (caller.key === undefined || (caller.models === undefined && aliases.size === 0)) return true;
    return furtherModels.every((further) =>
      caller.models === undefined ? served.has(further) : mayAsk(caller, further),
    );
  };

  const testFor = ({ caller, dialect, ask: { operation } }: Demand, pins: Pins, translated: boolean): Test => {
    const speech = { dialect, operation };
    return (target) => {
      if (!mayReach(caller, target)) return "key";
      if (!understands(target, speech, translated)) return "dialect";
      return isInside(target, pins) ? undefined : "region";
    };
  };

  /** A caller's own key is one host's: it is shown to no second one, and to no other provider. */
  const planOwn = (demand: Demand, alias: Alias | undefined, pins: Pins): Plan => {
    const { provider } = demand.dialect;
    const named = targets.get(provider);
    const known = [...(alias?.places.map(({ target }) => target) ?? []), ...(named ? [named] : []), ownHosts[provider]];
    const test = testFor(demand, pins, false);
    const target = known.find((one) => test(one) === undefined);
    if (target === undefined) return { targets: [], refusal: new Refusal("target_unfit", { reason: "region" }), pins };
    return { targets: [target], refusal: undefined, pins };
  };

  const planKeyed = (demand: Demand, alias: Alias | undefined, pins: Pins): Plan => {
    const places = alias?.places ?? everybody;
    // Without an alias nobody has said that the model is another provider's, too.
    const test = testFor(demand, pins, translating && alias !== undefined);
    const left = places.filter(({ target }) => test(target) === undefined);
    const none = left.length > 0 ? undefined : whyNone(places, test);
    if (alias !== undefined) return { targets: inOrder(left, alias, demand, random), refusal: none, pins };
    const unknown = aliases.size > 0 && demand.ask.model !== "";
    const [first] = left;
    return {
      targets: first === undefined ? [] : [first.target],
      refusal: unknown ? new Refusal("model_not_found") : none,
      pins,
    };
  };

  return {
    plan(demand) {
      const { caller, ask, head } = demand;
      const alias = aliases.get(ask.model);
      const asked = pinsOf(caller, head.headers);
      const pins = alias?.region === undefined ? asked : [...asked, alias.region];
      const plan = (caller.key === undefined ? planOwn : planKeyed)(demand, alias, pins);
      return mayAskAll(caller, ask) ? plan : { ...plan, refusal: new Refusal("model_not_found") };
    },
    picked(picked, { targets: planned, pins }, demand) {
      const name = typeof picked === "string" ? picked : picked.address;
      if (planned.some((target) => target.name === name)) return planned;
      const known = targets.get(name);
      if (known === undefined) return [];
      const { ask, caller } = demand;
      if (typeof picked !== "string" && caller.key !== undefined && aliases.has(ask.model)) return planned;
      const target = caller.key === undefined && !mayReach(caller, known) ? withoutKey(known) : known;
      const translated = translating && caller.key !== undefined;
      return testFor(demand, pins, translated)(target) === undefined ? [target] : [];
    },
    models(demand) {
      const { caller, head } = demand;
      if (aliases.size === 0 || caller.key === undefined) return undefined;
      const chat: Demand = { ...demand, ask: { ...demand.ask, operation: "chat" } };
      const asked = pinsOf(caller, head.headers);
      const isServed = ({ places, region }: Alias): boolean => {
        const pins = region === undefined ? asked : [...asked, region];
        const test = testFor(chat, pins, translating);
        return places.some(({ target }) => test(target) === undefined);
      };
      return [...aliases].filter(([name, alias]) => mayAsk(caller, name) && isServed(alias)).map(([name]) => name);
    },
  };
}
