import { z } from "zod";

export const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$/, "expected a name of at most 128 letters, digits and . _ : @ / -");

/** What a region may be called; a header names one in any case. */
export const regionName = /^[a-z0-9][a-z0-9._-]{0,63}$/;
export const region = z
  .string()
  .regex(regionName, "expected a name such as eu: at most 64 lower-case letters, digits and . _ -");

/** A record without a prototype: a caller that asks for the model `constructor` finds nothing. */
export function record<K extends z.core.$ZodRecordKey, V extends z.core.SomeType>(keys: K, values: V) {
  return z.record(keys, values).transform((entries) => Object.assign(Object.create(null), entries) as typeof entries);
}
