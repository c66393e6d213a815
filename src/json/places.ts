import type { RuleNode, Slot, SlotClass } from "../slot.ts";
import type { JsonString } from "./body.ts";

/** What a string turned out to be: keys and payloads told apart. */
export type StringClass = Pick<Slot, "kind" | "section" | "encoding">;

/** A place of the rule tree with all that it inherits filled in, so that the walk never asks whether there is a rule. */
export interface Place {
  readonly own: StringClass;
  /** The class of a string here that is no base64 payload, where `own` is `binary`. */
  readonly otherwise: StringClass;
  readonly key: StringClass;
  /** The places of an array's items, of members by name, and of all other members. */
  readonly items: Place;
  readonly names: ReadonlyMap<string, Place> | undefined;
  readonly rest: Place;
  /** The place of JSON text that a string here holds. */
  readonly inner: Place;
  /** `names` once more, found by their bytes. */
  readonly buckets: readonly (Named | undefined)[];
}

interface Named {
  readonly name: Buffer;
  readonly place: Place;
  readonly next: Named | undefined;
}

const bucketCount = 64;
const unknown: SlotClass = { kind: "text", section: "other", encoding: "text", otherwise: "text" };

/** For an empty name the bytes at its edges are its quotes, so they are there too. */
const bucketOf = (first: number, last: number, size: number): number => (first * 5 + last + size) & (bucketCount - 1);

type Building = { -readonly [Key in keyof Place]: Place[Key] };

/** A place where `below` is inherited and nothing more is known; it is its own child. */
function leaf(below: SlotClass): Building {
  const place = {
    own: below,
    otherwise: { ...below, kind: below.otherwise },
    key: { kind: "key", section: below.section, encoding: "text" },
    names: undefined,
    buckets: [],
  } as Partial<Building> as Building;
  return Object.assign(place, { items: place, rest: place, inner: place });
}

function bucketsOf(names: ReadonlyMap<string, Place>): readonly (Named | undefined)[] {
  const buckets = new Array<Named | undefined>(bucketCount).fill(undefined);
  for (const [text, place] of names) {
    const quoted = Buffer.from(`"${text}"`);
    const name = quoted.subarray(1, -1);
    const bucket = bucketOf(quoted[1] as number, quoted.at(-2) as number, name.length);
    buckets[bucket] = { name, place, next: buckets[bucket] };
  }
  return buckets;
}

function compile(node: RuleNode, inherited: SlotClass): Place {
  const below = node.below ?? inherited;
  const { slot, keys, items } = node;
  const rest = leaf(below);
  const place = leaf(slot ?? below);
  place.key = rest.key;
  place.rest = rest;
  place.items = items ? compile(items, below) : rest;
  if (keys && keys.size > 0) {
    place.names = new Map(Array.from(keys, ([name, child]) => [name, compile(child, below)]));
    place.buckets = bucketsOf(place.names);
  }
  if (slot?.encoding === "json") {
    place.inner = compile({ ...(keys && { keys }), ...(items && { items }), below: node.below ?? slot }, below);
  }
  return place;
}

const compiled = new WeakMap<RuleNode, Place>();

/** The place of a body's root. Rules are compiled once. */
export function placeOf(rules: RuleNode): Place {
  const known = compiled.get(rules);
  if (known) return known;
  const place = compile(rules, unknown);
  compiled.set(rules, place);
  return place;
}

/** The place of the value that has this key. */
export function memberPlace(place: Place, key: JsonString, escaped: boolean): Place {
  if (escaped) return place.names?.get(key.text) ?? place.rest;
  const { bytes } = key.body;
  const { start, end } = key;
  const size = end - start;
  let named = place.buckets[bucketOf(bytes[start] as number, bytes[end - 1] as number, size)];
  for (; named !== undefined; named = named.next) {
    const { name } = named;
    if (name.length !== size) continue;
    let i = 0;
    while (i < size && name[i] === bytes[start + i]) i++;
    if (i === size) return named.place;
  }
  return place.rest;
}
