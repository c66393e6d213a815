import { Refusal } from "../errors.ts";
import type { EditKind } from "../slot.ts";
import { highestNumber, parseName, placeholder } from "./placeholder.ts";

/** A hidden value in a text. */
export interface Occurrence {
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

/** Values are looked up by their first characters, at most so many. */
const widestPrefix = 6;

/**
 * The hidden values of one call: the only place where they are. All state is private, so that neither `JSON.stringify` nor `util.inspect`
 * show any; nothing enumerates it.
 */
export class Vault {
  /** By type, in order of number; `undefined` is a secret, which never comes back. */
  readonly #values = new Map<string, (string | undefined)[]>();
  readonly #highest: number;
  readonly #names = new Map<string, string>();
  /** Types of which a value may be restored. */
  readonly #live = new Set<string>();
  #index: PrefixIndex | undefined;

  /** `highest` number of a type. */
  constructor(highest: number = highestNumber) {
    this.#highest = highest;
  }

  /** Something in here may be restored. */
  get restorable(): boolean {
    return this.#live.size > 0;
  }

  /**
   * The placeholder for a value: the same for the same spelling, the next number of its type for another one.
   * Throws `Refusal("unmaskable")` when the numbers of a type are used up.
   */
  hide(type: string, value: string, kind: EditKind): string {
    const key = keyOf(type, value, kind);
    const known = this.#names.get(key);
    if (known !== undefined) return placeholder(known);
    const values = this.#values.get(type) ?? [];
    if (values.length >= this.#highest) throw new Refusal("unmaskable", { type });
    values.push(kind === "secret" ? undefined : value);
    this.#values.set(type, values);
    const name = `${type}_${values.length}`;
    this.#names.set(key, name);
    if (kind !== "secret") this.#live.add(type);
    this.#index = undefined;
    return placeholder(name);
  }

  /** The placeholder that a value already has. */
  labelOf(type: string, value: string, kind: EditKind): string | undefined {
    const name = this.#names.get(keyOf(type, value, kind));
    return name === undefined ? undefined : placeholder(name);
  }

  /** The value behind `EMAIL_1`; `undefined` for secrets and for names that this call never gave. */
  reveal(name: string): string | undefined {
    const parsed = parseName(name);
    return parsed && this.#values.get(parsed.type)?.[parsed.number - 1];
  }

  /** Can `beginning` grow into a name that `reveal` knows? */
  mayReveal(beginning: string): boolean {
    for (const type of this.#live) {
      const values = this.#values.get(type) ?? [];
      if (beginning.length <= type.length + 1) {
        if (`${type}_`.startsWith(beginning)) return true;
      } else if (beginning.startsWith(`${type}_`) && (parseName(beginning)?.number ?? Infinity) <= values.length) {
        return true;
      }
    }
    return false;
  }

  /** A name of a type that this call hides, with a number that it never gave: the model made it up. */
  isInvented(name: string): boolean {
    const parsed = parseName(name);
    const values = parsed && this.#values.get(parsed.type);
    return values !== undefined && parsed !== undefined && parsed.number > values.length;
  }

  /** Every place where a text holds a hidden value, secrets included; they may overlap. Linear in the text. */
  occurrences(text: string): readonly Occurrence[] {
    if (this.#names.size === 0) return [];
    this.#index ??= this.#names.size > fewValues ? createPrefixIndex(this.#names) : createValueSearch(this.#names);
    return this.#index(text);
  }
}

const keyOf = (type: string, value: string, kind: EditKind): string => `${kind}:${type}:${value}`;
const valueIn = (key: string): string => key.slice(key.indexOf(":", key.indexOf(":") + 1) + 1);

type PrefixIndex = (text: string) => readonly Occurrence[];

const labelsOf = (names: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map([...names].map(([key, name]) => [valueIn(key), placeholder(name)]));

/** Up to so many values a native search for each beats one pass that looks at every place. */
const fewValues = 64;

function createValueSearch(names: ReadonlyMap<string, string>): PrefixIndex {
  const labels = [...labelsOf(names)];
  return (text) => {
    const found: Occurrence[] = [];
    for (const [value, label] of labels) {
      for (let start = text.indexOf(value); start >= 0; start = text.indexOf(value, start + 1)) {
        found.push({ start, end: start + value.length, label });
      }
    }
    return found.sort((a, b) => a.start - b.start);
  };
}

/** By the first characters of a value, the lengths of the values that begin so: a place costs a look-up for each, however many values. */
function createPrefixIndex(names: ReadonlyMap<string, string>): PrefixIndex {
  const labels = labelsOf(names);
  const width = [...labels.keys()].reduce((least, value) => Math.min(least, value.length), widestPrefix);
  const lengths = new Map<string, Set<number>>();
  for (const value of labels.keys()) {
    const prefix = value.slice(0, width);
    lengths.set(prefix, (lengths.get(prefix) ?? new Set()).add(value.length));
  }
  return (text) => {
    const found: Occurrence[] = [];
    for (let start = 0; start + width <= text.length; start++) {
      for (const length of lengths.get(text.slice(start, start + width)) ?? []) {
        const label = labels.get(text.slice(start, start + length));
        if (label !== undefined) found.push({ start, end: start + length, label });
      }
    }
    return found;
  };
}
