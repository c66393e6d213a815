import { noUsage, type Usage } from "../dialects/dialect.ts";
import { type KnownRates, max } from "./rates.ts";

/** The rates of a model at the call's own target; `undefined` where no price is known. */
export type Find = (model: string) => KnownRates | undefined;

const alone = (counts: Usage["others"][number], { serviceTier }: Usage): Usage => ({
  ...noUsage,
  ...counts,
  serviceTier,
});

/** Adds what other models used for an answer, at their own rates; at the answering model's where theirs are not known. */
export function withOthers(rates: KnownRates, find: Find): KnownRates {
  return {
    ...rates,
    knows: (usage) => rates.knows(usage) && usage.others.every(({ model }) => find(model) !== undefined),
    cost(usage) {
      let cost = rates.cost(usage);
      for (const other of usage.others) cost += (find(other.model) ?? rates).cost(alone(other, usage));
      return cost;
    },
  };
}

/** Further models that are looked up for a call; servers take three or so. */
const mostModels = 16;

const snapshot = /-(?:\d{4}-\d\d-\d\d|\d{8})$/;

/** An answer may name the snapshot of a model that was asked for by its name. */
const isCalled = (model: string, named: string): boolean => named === model || named.replace(snapshot, "") === model;

const isNothing = ({ input, output, others }: Usage): boolean => input === 0 && output === 0 && others.length === 0;

/**
 * The rates of a call that any of several models may answer. Bounds are those of the dearest; what the answer costs is told by the model
 * that it names, and by the dearest where it names none or one without a price.
 * @param further Names, of which `*` stands for whatever the provider picks.
 */
export function createSharedRates(model: string, own: KnownRates, further: readonly string[], find: Find): KnownRates {
  const all = further.filter((each) => each !== "*");
  const named = all.slice(0, mostModels);
  const known = [own, ...named.flatMap((each) => find(each) ?? [])];

  const answering = (name: string): KnownRates | undefined => {
    if (isCalled(model, name)) return own;
    return find(named.find((each) => isCalled(each, name)) ?? name);
  };
  const ratesOf = ({ model: name }: Usage): KnownRates | undefined =>
    name === undefined ? undefined : answering(name);

  return {
    bounded: known.length > all.length && known.every(({ bounded }) => bounded),
    knows: (usage) => isNothing(usage) || (ratesOf(usage)?.knows(usage) ?? false),
    cost: (usage) => ratesOf(usage)?.cost(usage) ?? max(...known.map((rates) => rates.cost(usage))),
    bound: (input, output) => max(...known.map((rates) => rates.bound(input, output))),
    affordable: (money, input) => Math.min(...known.map((rates) => rates.affordable(money, input))),
  };
}
