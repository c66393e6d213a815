import type { Config } from "../config/schema.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { Refusal } from "../errors.ts";
import type { Caller } from "../facts.ts";
import { pathOf, type RequestHead } from "../http.ts";
import { mayReach, ownHosts } from "../routing/reach.ts";
import { createPins, isInside } from "../routing/regions.ts";
import type { Target } from "../step.ts";
import { isInspected, isPlainPath } from "./paths.ts";

export type Entry = Config["passThrough"][number];

/** What is listed, and where it goes. */
export interface PassThroughRules {
  /** The entry for a request; `undefined`: it is not passed through. */
  find(head: RequestHead): Entry | undefined;
  /** Throws a `Refusal` where the caller may not, or no target may have it. */
  choose(entry: Entry, caller: Caller, head: RequestHead, dialect: Dialect): Target;
}

export function createPassThroughRules(config: Config, targets: ReadonlyMap<string, Target>): PassThroughRules {
  // The longest path first: what is said of a folder inside another counts there.
  const entries = [...config.passThrough].sort((one, other) => other.path.length - one.path.length);
  const pins = createPins(config);
  return {
    find(head) {
      // A server that answers a TRACE shows the head that it got, and our key in it (RFC 9110 §9.3.8).
      if (entries.length === 0 || head.method === "TRACE") return undefined;
      const path = pathOf(head.url);
      const entry = entries.find((each) => path === each.path || path.startsWith(`${each.path}/`));
      return entry !== undefined && isPlainPath(path) && !isInspected(path) ? entry : undefined;
    },
    choose(entry, caller, head, { provider }) {
      checkRights(entry, caller);
      const reachable = candidatesOf(entry, caller, provider, targets).filter((each) => mayReach(caller, each));
      const pinned = pins(caller, head.headers);
      const target = reachable.find((each) => isInside(each, pinned));
      if (target !== undefined) return target;
      throw reachable.length > 0 ? new Refusal("target_unfit", { reason: "region" }) : new Refusal("no_target");
    },
  };
}

/** A caller's own key goes where its calls would go: to the target that has its provider's name, else to the provider itself. */
function candidatesOf(
  { target }: Entry,
  { ownKey }: Caller,
  provider: Dialect["provider"],
  targets: ReadonlyMap<string, Target>,
): readonly Target[] {
  const known = (name: string): readonly Target[] => [targets.get(name) ?? []].flat();
  if (target !== undefined) return known(target);
  if (ownKey) return [...known(provider), ownHosts[provider]];
  return [...targets.values()].filter((each) => each.provider === provider);
}

/** Nobody reads which model a request names here, so a key with limits on that has to be named itself. */
function checkRights({ keys }: Entry, { key, models, maxOutputTokens }: Caller): void {
  const limited = models !== undefined || maxOutputTokens !== undefined;
  const granted = keys === undefined ? !limited : key !== undefined && keys.includes(key);
  if (!granted) throw new Refusal("forbidden", { right: "passThrough" });
}
