import { Refusal } from "../errors.ts";

export type Fields = Readonly<Record<string, unknown>>;

export const wrong = (param: string): Refusal => new Refusal("invalid_request", { param });

const isMissing = (value: unknown): value is undefined | null => value === undefined || value === null;

/** The fields of an object or array, `undefined` for anything else: for what a provider says, which is not ours to refuse. */
export const fieldsOf = (value: unknown): Fields | undefined =>
  typeof value === "object" && value !== null ? (value as Fields) : undefined;

export const tokensOf = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

const identifier = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** A string that can hold no text of a request. */
export const identifierOf = (value: unknown): string | undefined =>
  typeof value === "string" && identifier.test(value) ? value : undefined;

/** A caller's object; `null` counts as left out. Throws `Refusal("invalid_request")` for another type, as its neighbours do. */
export function object(value: unknown, param: string): Fields | undefined {
  if (isMissing(value)) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) throw wrong(param);
  return value as Fields;
}

export function count(value: unknown, param: string, least = 0): number | undefined {
  if (isMissing(value)) return undefined;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least) throw wrong(param);
  return value;
}

export function flag(value: unknown, param: string): boolean {
  if (isMissing(value)) return false;
  if (typeof value !== "boolean") throw wrong(param);
  return value;
}

/** Longer than any provider's; records keep names. */
const longestName = 1_024;

export function name(value: unknown, param: string): string {
  if (typeof value !== "string" || value === "" || value.length > longestName) throw wrong(param);
  return value;
}
