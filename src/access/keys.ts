import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import { LRUCache } from "lru-cache";

/** What the gateway's own keys begin with, so that a revoked one is never taken for a provider's. */
export const keyPrefix = "psk_";

const longest = 512;
const printable = /^[!-~]+$/;

/** A virtual key is 1 to 512 printable ASCII characters without a space: nothing else arrives unchanged in every header. */
function isKey(text: string): boolean {
  return text.length <= longest && printable.test(text);
}

/** What a config holds of a virtual key: `sha256:` and 64 hex digits. Throws an `Error` for what cannot be one. */
export function hashKey(key: string): string {
  if (!isKey(key)) throw new Error(`a virtual key is 1 to ${longest} printable ASCII characters without a space`);
  return `sha256:${hash("sha256", key)}`;
}

/** A new virtual key of 256 random bits, and its hash. */
export function createKey(): { readonly key: string; readonly hash: string } {
  const key = keyPrefix + randomBytes(32).toString("base64url");
  return { key, hash: hashKey(key) };
}

export interface Keyring<K> {
  /** The entry of a presented key. */
  find(presented: string): K | undefined;
  /** Forgets what was found. */
  clear(): void;
}

interface Stored<K> {
  readonly digest: Buffer;
  readonly entry: K;
}

/** Digits of a digest by which keys are shelved: they narrow the search and decide nothing. */
const shelfDigits = 8;

/**
 * Finds keys by their hashes. What is presented is hashed every time (0.3 µs), so no cache has to hold a key in the clear. A digest
 * seen first is compared in constant time; the cache keeps the digests of known keys alone, so a flood of unknown ones displaces none.
 */
export function createKeyring<K extends { readonly hash: string }>(entries: readonly K[]): Keyring<K> {
  const shelves = shelve(entries);
  const found = new LRUCache<string, K>({ max: 10_000 });
  return {
    find(presented) {
      if (!isKey(presented)) return undefined;
      const digest = hash("sha256", presented);
      const known = found.get(digest);
      if (known !== undefined) return known;
      const entry = compare(digest, shelves.get(digest.slice(0, shelfDigits)));
      if (entry !== undefined) found.set(digest, entry);
      return entry;
    },
    clear: () => found.clear(),
  };
}

function shelve<K extends { readonly hash: string }>(entries: readonly K[]): ReadonlyMap<string, readonly Stored<K>[]> {
  const shelves = new Map<string, Stored<K>[]>();
  for (const entry of entries) {
    const digest = entry.hash.slice("sha256:".length);
    const label = digest.slice(0, shelfDigits);
    const shelf = shelves.get(label) ?? [];
    shelf.push({ digest: Buffer.from(digest, "hex"), entry });
    shelves.set(label, shelf);
  }
  return shelves;
}

function compare<K>(digest: string, shelf: readonly Stored<K>[] | undefined): K | undefined {
  if (shelf === undefined) return undefined;
  const presented = Buffer.from(digest, "hex");
  return shelf.find((stored) => timingSafeEqual(stored.digest, presented))?.entry;
}
