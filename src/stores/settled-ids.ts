/** Ids settled lately: what arrives late for one of them (a store answered after its caller gave up) is told apart from a new id. */
export interface SettledIds {
  add(id: string): void;
  has(id: string): boolean;
}

/**
 * Remembers the last `keep` ids at least, and twice as many at most: two generations, since taking the oldest out of one large set
 * walks over all that were taken out before.
 */
export function createSettledIds(keep = 1_024): SettledIds {
  let young = new Set<string>();
  let old = new Set<string>();
  return {
    add(id) {
      young.add(id);
      if (young.size < keep) return;
      old = young;
      young = new Set();
    },
    has: (id) => young.has(id) || old.has(id),
  };
}
