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

/** What calls may have in common. */
export interface Kinship {
  readonly caller: Caller;
  readonly head: RequestHead;
}

/**
 * Places in the order in which they are tried. `weighted`: each is drawn among the rest by its weight. `sticky`: so too, but equal calls
 * draw alike (weighted rendezvous hashing), so that they meet again as long as the target is well, and the calls of a target that leaves
 * the list spread over the others while all else stays where it is. What a sticky call has in common with others is hashed, never kept.
 */
export function inOrder(
  places: readonly Place[],
  { strategy, stickyBy }: Strategy,
  kinship: Kinship,
  random: () => number,
): readonly Target[] {
  if (strategy === "priority" || places.length < 2) return places.map(({ target }) => target);
  const common = strategy === "sticky" ? commonOf(stickyBy, kinship) : "";
  const spot = digest(common);
  const chance =
    common === "" ? random : ({ name, model = "" }: Target) => spread(spot ^ digest(`${name}\n${model}`)) / 2 ** 32;
  return places
    .map(({ target, weight }) => ({ target, rank: rankOf(chance(target), weight) }))
    .sort((one, other) => (one.rank === other.rank ? 0 : one.rank - other.rank))
    .map(({ target }) => target);
}

/** The smallest of such ranks falls to each place in proportion to its weight (Efraimidis and Spirakis 2006); weight 0 comes last. */
const rankOf = (chance: number, weight: number): number =>
  weight === 0 ? Number.POSITIVE_INFINITY : -Math.log1p(-chance) / weight;

/** Empty where the call has nothing of the kind. */
function commonOf(by: string, { caller, head }: Kinship): string {
  if (by.startsWith("header:")) return header(head.headers, by.slice("header:".length)) ?? "";
  return (by === "key" ? caller.key : caller.attributes[by as keyof Caller["attributes"]]) ?? "";
}

/** FNV-1a, spread: 32 bits, the same in every process of a fleet. */
function digest(text: string): number {
  let bits = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) bits = Math.imul(bits ^ text.charCodeAt(at), 0x01000193);
  return spread(bits);
}

/** One to one, each bit of the input on all of the output: the finaliser of MurmurHash3. */
function spread(bits: number): number {
  const once = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return (twice ^ (twice >>> 16)) >>> 0;
}
