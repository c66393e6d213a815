import { LRUCache } from "lru-cache";

/** Remembers names that had nothing to hide in them, so that each is looked at once; no others are kept. */
export interface PlainNames {
  /** The name as it may be told. `scrub`: `facts.scrub`; without it nothing looks at the name, and so it is not known to be plain either. */
  told(name: string, scrub: ((text: string) => string) | undefined): string;
}

/** @param longest characters of a name that is kept, so that a thousand of them stay small */
export function createPlainNames(longest: number): PlainNames {
  const plain = new LRUCache<string, true>({ max: 1_000 });
  return {
    told(name, scrub) {
      if (scrub === undefined || plain.get(name) === true) return name;
      const scrubbed = scrub(name);
      if (scrubbed === name && name.length <= longest) plain.set(name, true);
      return scrubbed;
    },
  };
}
