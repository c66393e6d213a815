import { calcPrice, findProvider, type ModelPrice } from "@pydantic/genai-prices";
import type { Target } from "../step.ts";
import type { Price, Tier } from "./rates.ts";

/** A longer name is no model's; matching it costs time. */
const longestName = 256;

/**
 * Dollars per million tokens to pico-dollars per token. The catalogue's floats are decimals of at most six places, so that this is
 * exact; anything finer is rounded up.
 */
function perToken(dollars: number): bigint {
  return (BigInt(dollars.toFixed(12).replace(".", "")) + 999_999n) / 1_000_000n;
}

/** The rate of a price key where the input exceeds `above`, as the catalogue selects it: the last tier that starts below. */
function rateAt(price: ModelPrice, key: string, input: number): bigint | undefined {
  const value = price[key];
  if (value === undefined) return undefined;
  if (typeof value === "number") return perToken(value);
  let rate = value.base;
  for (const tier of [...value.tiers].sort((a, b) => a.start - b.start)) if (input > tier.start) rate = tier.price;
  return perToken(rate);
}

/** A usage does not tell audio and images from text, so where they are dearer all is charged as they are. */
function dearestKind(price: ModelPrice, keys: readonly string[], input: number): bigint | undefined {
  let dearest: bigint | undefined;
  for (const key of keys) {
    const rate = rateAt(price, key, input);
    if (rate !== undefined && (dearest === undefined || rate > dearest)) dearest = rate;
  }
  return dearest;
}

function tierAt(price: ModelPrice, above: number): Tier | undefined {
  const size = above + 1;
  const input = dearestKind(price, ["input_mtok", "input_audio_mtok", "input_image_mtok"], size);
  const output = dearestKind(price, ["output_mtok", "output_audio_mtok", "output_image_mtok"], size);
  if (input === undefined || output === undefined || price.input_mtok === undefined) return undefined;
  const cacheWrite = rateAt(price, "cache_write_mtok", size) ?? input;
  return {
    above,
    input,
    output,
    cacheRead: dearestKind(price, ["cache_read_mtok", "cache_audio_read_mtok", "cache_image_read_mtok"], size) ?? input,
    cacheWrite,
    cacheWriteLong: rateAt(price, "cache_write_1h_mtok", size) ?? cacheWrite,
  };
}

/** All tiers of a price; `undefined` where it does not price both input and output tokens. */
export function toPrice(price: ModelPrice): Price | undefined {
  const starts = new Set<number>();
  for (const value of Object.values(price)) {
    if (typeof value === "object") for (const tier of value.tiers) starts.add(tier.start);
  }
  const first = tierAt(price, -1);
  if (first === undefined) return undefined;
  const rest = [...starts].sort((a, b) => a - b).map((start) => tierAt(price, start));
  return [first, ...rest.filter((tier) => tier !== undefined)];
}

/** Who sells at this address, by the catalogue's own name; an address that it does not know speaks for its wire's vendor. */
export function sellerOf(target: Pick<Target, "baseUrl" | "provider">): string {
  return findProvider({ providerApiUrl: target.baseUrl })?.id ?? target.provider;
}

/** The list price of a model at an instant (milliseconds since the epoch); `undefined` where none is known. Never asks the network. */
export function listPrice(seller: string, model: string, now: number): Price | undefined {
  if (model.length > longestName) return undefined;
  try {
    const found = calcPrice({}, model, { providerId: seller, timestamp: new Date(now) });
    return found === null ? undefined : toPrice(found.model_price);
  } catch {
    // The catalogue throws on entries that it cannot read: such a model is unpriced.
    return undefined;
  }
}
