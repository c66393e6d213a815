import { createHash } from "node:crypto";

/** What a wire takes for an id or a name. */
export interface WordRule {
  readonly pattern: RegExp;
  readonly longest: number;
}

const encoded = "pst_";
const hashed = "psh_";

const hashOf = (text: string): string => createHash("sha256").update(text).digest("base64url");

/**
 * What is encoded so that it is found again: ids as servers make them. Nobody has read what a caller's own encoding hides, so what looks
 * like an address is never found in it.
 */
const reversible = /^[\w.:|#/+=-]*$/;

/** The id that an encoded one stands for; any other as it is. */
export function originalId(id: string): string {
  if (!id.startsWith(encoded)) return id;
  const text = Buffer.from(id.slice(encoded.length), "base64url").toString();
  return reversible.test(text) && encode(text) === id ? text : id;
}

const encode = (id: string): string => encoded + Buffer.from(id).toString("base64url");

/**
 * An id as a wire takes it: its own where that fits, else encoded so that `originalId` finds it again, in this process or another; one that
 * is too long even so, or has strange characters, is a hash, the same each time.
 */
export function fitId(id: string, { pattern, longest }: WordRule): string {
  const own = originalId(id);
  if (own.length <= longest && pattern.test(own) && !own.startsWith(encoded)) return own;
  const whole = encode(own);
  return whole.length <= longest && reversible.test(own) ? whole : hashed + hashOf(own).slice(0, 32);
}

/** The ids of one conversation: a call and its result agree, and where a wire repeats an id each turn the calls are told apart. */
export interface Ids {
  call(id: string): string;
  result(id: string): string;
}

export function createIds(rule: WordRule): Ids {
  const latest = new Map<string, string>();
  const times = new Map<string, number>();
  return {
    call(id) {
      const time = (times.get(id) ?? 0) + 1;
      const fitted = fitId(time === 1 ? id : `${id}:${time}`, rule);
      times.set(id, time);
      latest.set(id, fitted);
      return fitted;
    },
    result: (id) => latest.get(id) ?? fitId(id, rule),
  };
}

/** Names of tools as the target takes them, and back again in its answer. */
export interface Names {
  to(name: string): string;
  back(name: string): string;
}

const strange = /[^a-zA-Z0-9_-]/g;

export function createNames({ pattern, longest }: WordRule): Names {
  const originals = new Map<string, string>();
  return {
    to(name) {
      if (name.length <= longest && pattern.test(name)) return name;
      const short = `${name.replace(strange, "_").slice(0, longest - 9)}_${hashOf(name).replace(/[-_]/g, "x").slice(0, 8)}`;
      originals.set(short, name);
      return short;
    },
    back: (name) => originals.get(name) ?? name,
  };
}
