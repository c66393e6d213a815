/** Ids settled lately: what arrives late for one of them (a store answered after its caller gave up) is told apart from a new id. */
export interface SettledIds {
  add(id: string): void;
  has(id: string): boolean;
}

/** Remembers the last `keep` ids, in constant time. */
export function createSettledIds(keep = 65_536): SettledIds {
  const ids = new Set<string>();
  return {
    add(id) {
      ids.add(id);
      if (ids.size <= keep) return;
      for (const oldest of ids) {
        ids.delete(oldest);
        break;
      }
    },
    has: (id) => ids.has(id),
  };
}
