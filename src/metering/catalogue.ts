import { calcPrice, findProvider, type ModelPrice } from "@pydantic/genai-prices";
import type { Target } from "../step.ts";
import { type Fees, feesOf } from "./fees.ts";
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

export interface Listing {
  /** `undefined` where none is known. */
  readonly price: Price | undefined;
  readonly fees: Fees;
}

const free: Price = [{ above: -1, input: 0n, output: 0n, cacheRead: 0n, cacheWrite: 0n, cacheWriteLong: 0n }];

/** Dollars for a thousand uses to pico-dollars for one, of the dearest tier. */
function perUse(price: ModelPrice, key: string): bigint | undefined {
  const rate = rateAt(price, key, Number.POSITIVE_INFINITY);
  return rate === undefined ? undefined : rate * 1_000n;
}

/** The catalogue throws on entries that it cannot read: such a model is unpriced. */
function entryOf(seller: string, model: string, now: number): ReturnType<typeof calcPrice> {
  if (model.length > longestName) return null;
  try {
    return calcPrice({}, model, { providerId: seller, timestamp: new Date(now) });
  } catch {
    return null;
  }
}

/** What a seller lists for a model at an instant (milliseconds since the epoch). Never asks the network. */
export function listingOf(seller: string, model: string, now: number): Listing {
  const found = entryOf(seller, model, now);
  const price = found?.model_price ?? {};
  const call = perUse(price, "requests_kcount");
  const search = perUse(price, "web_searches_kcount");
  // OpenAI lists its moderation models without a price, since they are free.
  const isFree = seller === "openai" && found?.model.id === "moderation";
  return { price: isFree ? free : toPrice(price), fees: feesOf(seller, model, { call, search }) };
}
