import { wrong } from "../fields.ts";
import { numberIn } from "./json.ts";
import type { Marks, Place } from "./model.ts";

/** Dropped where nothing else is said. `range`: dropped, since the target does not know that value. */
export type How = "moved" | "changed" | "range";

const most = 200;

/** Names of what a translation could not carry: places, never values. Each is told once, and of very many the first. */
export class Losses {
  readonly #names = new Set<string>();

  name(at: Place, how?: How): void {
    if (this.#names.size < most) this.#names.add(how === undefined ? at : `${at}:${how}`);
  }

  /** The marks of a part but those that were carried. */
  marks(marks: Marks, ...carried: readonly (keyof Marks)[]): void {
    for (const name in marks) {
      const mark = marks[name as keyof Marks];
      if (mark !== undefined && !carried.includes(name as keyof Marks)) this.name(mark.at);
    }
  }

  get all(): readonly string[] {
    return [...this.#names];
  }
}

const plainKey = /^[A-Za-z_][\w-]{0,63}$/;

/** A caller's own key may be any text, so only what looks like a field of an API is repeated. */
export const below = (at: Place, key: string | number): Place => {
  if (typeof key === "number") return `${at}[${key}]`;
  const name = plainKey.test(key) ? key : "*";
  return at === "" ? name : `${at}.${name}`;
};

type Values = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isEmpty = (value: unknown): boolean =>
  value === "" ||
  (typeof value === "object" && value !== null && (Array.isArray(value) ? value : Object.keys(value)).length === 0);

/**
 * An object of a wire, read key by key; `rest` names what nobody read. `null` is as good as left out. A type that the wire does not allow
 * is a `Refusal("invalid_request")`, told by its place.
 */
export class Fields {
  readonly at: Place;
  readonly losses: Losses;
  readonly #values: Values;
  readonly #taken = new Set<string>();

  constructor(value: unknown, at: Place, losses: Losses) {
    if (!isObject(value)) throw wrong(at === "" ? "body" : at);
    this.#values = value;
    this.at = at;
    this.losses = losses;
  }

  place(key: string): Place {
    return below(this.at, key);
  }

  take(key: string): unknown {
    this.#taken.add(key);
    return (Object.hasOwn(this.#values, key) ? this.#values[key] : undefined) ?? undefined;
  }

  string(key: string): string | undefined {
    const value = this.take(key);
    if (value !== undefined && typeof value !== "string") throw wrong(this.place(key));
    return value;
  }

  number(key: string): number | undefined {
    const value = this.take(key);
    const number = numberIn(value);
    if (value !== undefined && number === undefined) throw wrong(this.place(key));
    return number;
  }

  boolean(key: string): boolean | undefined {
    const value = this.take(key);
    if (value !== undefined && typeof value !== "boolean") throw wrong(this.place(key));
    return value;
  }

  object(key: string): Values | undefined {
    const value = this.take(key);
    if (value !== undefined && !isObject(value)) throw wrong(this.place(key));
    return value as Values | undefined;
  }

  list(key: string): readonly unknown[] | undefined {
    const value = this.take(key);
    if (value !== undefined && !Array.isArray(value)) throw wrong(this.place(key));
    return value;
  }

  fields(key: string): Fields | undefined {
    const value = this.take(key);
    return value === undefined ? undefined : new Fields(value, this.place(key), this.losses);
  }

  all(key: string): readonly Fields[] {
    const at = this.place(key);
    return (this.list(key) ?? []).map((item, index) => new Fields(item, below(at, index), this.losses));
  }

  required<T>(key: string, value: T | undefined): T {
    if (value === undefined) throw wrong(this.place(key));
    return value;
  }

  /** Names every other key that says something; `defaults` are what a wire takes a key for that is left out. */
  rest(defaults: Values = {}): void {
    for (const key of Object.keys(this.#values)) {
      const value = this.#values[key];
      if (this.#taken.has(key) || value === null || isEmpty(value)) continue;
      if (Object.hasOwn(defaults, key) && defaults[key] === value) continue;
      this.losses.name(this.place(key));
    }
  }
}
