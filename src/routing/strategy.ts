import { hash } from "node:crypto";
import type { Config } from "../config/schema.ts";
import type { Caller } from "../facts.ts";
import { header, type RequestHead } from "../http.ts";
import type { Target } from "../step.ts";

/** One way to serve an alias. */
export interface Place {
  readonly target: Target;
  readonly weight: number;
}

export type Strategy = Pick<Config["models"][string], "strategy" | "stickyBy">;

/** What the choice among places may look at. */
export interface Draw {
  readonly caller: Caller;
  readonly head: RequestHead;
  /** In [0, 1). */
  readonly random: () => number;
}

/**
 * Places in the order in which they are tried. `weighted`: each is drawn among the rest by its weight. `sticky`: so too, but equal calls
 * draw alike (weighted rendezvous hashing), so that they meet again as long as the target is well, and the calls of a target that leaves
 * the list spread over the others while all else stays where it is. What a sticky call has in common with others is hashed, never kept.
 */
export function inOrder(places: readonly Place[], { strategy, stickyBy }: Strategy, draw: Draw): readonly Target[] {
  if (strategy === "priority" || places.length < 2) return places.map(({ target }) => target);
  const common = strategy === "sticky" ? commonOf(stickyBy, draw) : "";
  const chance = common === "" ? draw.random : (target: Target) => hashed(common, target);
  return places
    .map(({ target, weight }) => ({ target, rank: rankOf(chance(target), weight) }))
    .sort((one, other) => (one.rank === other.rank ? 0 : one.rank - other.rank))
    .map(({ target }) => target);
}

/** The smallest of such ranks falls to each place in proportion to its weight (Efraimidis and Spirakis 2006); weight 0 comes last. */
const rankOf = (chance: number, weight: number): number =>
  weight === 0 ? Number.POSITIVE_INFINITY : -Math.log1p(-chance) / weight;

/** Empty where the call has nothing of the kind. */
function commonOf(by: string, { caller, head }: Draw): string {
  if (by.startsWith("header:")) return header(head.headers, by.slice("header:".length)) ?? "";
  return (by === "key" ? caller.key : caller.attributes[by as keyof Caller["attributes"]]) ?? "";
}

/** The same in every process of a fleet: 48 bits as a fraction. */
function hashed(common: string, { name, model = "" }: Target): number {
  return Number.parseInt(hash("sha256", `${name}\n${model}\n${common}`).slice(0, 12), 16) / 2 ** 48;
}
