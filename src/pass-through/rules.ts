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
      if (entries.length === 0) return undefined;
      const path = pathOf(head.url);
      const entry = entries.find((each) => path === each.path || path.startsWith(`${each.path}/`));
      return entry !== undefined && isPlainPath(path) && !isInspected(path) ? entry : undefined;
    },
    choose(entry, caller, head, { provider }) {
      checkRights(entry, caller);
      const named = entry.target === undefined ? undefined : targets.get(entry.target);
      const known = named === undefined ? [...targets.values()].filter((each) => each.provider === provider) : [named];
      // A key of the caller's own goes to its provider's own address alone.
      const candidates = caller.ownKey ? [ownHosts[named?.provider ?? provider]] : known;
      const pinned = pins(caller, head.headers);
      const target = candidates.find((each) => mayReach(caller, each) && isInside(each, pinned));
      if (target === undefined) throw new Refusal("no_target");
      return target;
    },
  };
}

/** Nobody reads which model a request names here, so a key with limits on that has to be named itself. */
function checkRights({ keys }: Entry, { key, models, maxOutputTokens }: Caller): void {
  const limited = models !== undefined || maxOutputTokens !== undefined;
  const granted = keys === undefined ? !limited : key !== undefined && keys.includes(key);
  if (!granted) throw new Refusal("forbidden", { right: "passThrough" });
}
