import type { Ask } from "../dialects/dialect.ts";

/** A fraction: numerator and denominator. */
export type Factor = readonly [bigint, bigint];

export const one: Factor = [1n, 1n];

const tiers = ["default", "flex", "priority", "fast", "ultrafast"] as const;

/** What a call asked for that changes every rate. */
export interface Wish {
  /** `Ask.serviceTier`, where it is one that changes the price. */
  readonly tier: (typeof tiers)[number] | undefined;
  /** Anthropic `inference_geo: "us"`. */
  readonly domestic: boolean;
}

export const noWish: Wish = { tier: undefined, domestic: false };

export function wishOf({ serviceTier, inferenceGeo }: Pick<Ask, "serviceTier" | "inferenceGeo">): Wish {
  if (serviceTier === undefined && inferenceGeo === undefined) return noWish;
  return { tier: tiers.find((tier) => tier === serviceTier), domestic: inferenceGeo === "us" };
}

/** By what list prices are multiplied. */
export interface Surcharge {
  /** For the service tier that the answer names. */
  of(tier: string | undefined): Factor;
  /** The most that an answer to this call can name. */
  readonly most: Factor;
  /** `most` is. It is not where a tier is asked for whose price at this seller nobody knows. */
  readonly known: boolean;
}

export const noSurcharge: Surcharge = { of: () => one, most: one, known: true };

const half: Factor = [1n, 2n];
const double: Factor = [2n, 1n];

/**
 * Priority processing ("fast mode" since July 2026) by model; 2 is the rule, and the older ones that list 1.67 to 1.8 may be charged
 * up to a fifth more than their list price. Source: openai.com/api-fast-mode, November 2026.
 */
const priority: readonly (readonly [pattern: RegExp, factor: Factor])[] = [
  [/^gpt-5\.5\b/, [5n, 2n]],
  [/^gpt-5-mini\b/, [9n, 5n]],
  [/^gpt-4\.1(?:-mini)?\b(?!-nano)/, [7n, 4n]],
  [/./, double],
];

/** Names of models that OpenAI sells; what other servers of its wire call their models has no such tiers. */
const openai = /^(?:gpt-|o\d|chatgpt-|codex|computer-use|ft:)/;

/** Models released on or after 5 March 2026, to which OpenAI's regional endpoints add a tenth. Source: its data residency guide. */
const regional = /^gpt-(?:5\.(?:[4-9]|\d\d)|[6-9]|\d\d)/;
const regionalHost = /^https:\/\/[a-z]{2}\.api\.openai\.com(?:[:/]|$)/;
const tenthMore: Factor = [11n, 10n];

const product = (first: Factor, second: Factor): Factor => [first[0] * second[0], first[1] * second[1]];
const larger = (first: Factor, second: Factor): Factor =>
  first[0] * second[1] >= second[0] * first[1] ? first : second;

function openaiTier(model: string, tier: string | undefined): Factor {
  if (tier === "flex" || tier === "batch") return half;
  if (tier === "priority" || tier === "fast") return priority.find(([pattern]) => pattern.test(model))?.[1] ?? double;
  return tier === "ultrafast" ? [6n, 1n] : one;
}

/** Without a tier, or with `auto`, the project's own setting decides, which may be `fast`. */
const mayBeFast = (tier: string | undefined): boolean => tier !== "default" && tier !== "flex";

function openaiSurcharge(model: string, baseUrl: string, { tier: asked }: Wish): Surcharge {
  if (!openai.test(model)) return noSurcharge;
  const place = regionalHost.test(baseUrl) && regional.test(model) ? tenthMore : one;
  const asks = larger(one, openaiTier(model, asked));
  const most = mayBeFast(asked) ? larger(asks, openaiTier(model, "priority")) : asks;
  return {
    of: (tier) => product(place, tier === undefined ? asks : openaiTier(model, tier)),
    most: product(place, most),
    known: true,
  };
}

/** Fast mode costs twice the list price, six times for Opus 4.6 and 4.7; US-only inference a tenth more. Source: Anthropic's price list. */
function anthropicSurcharge(model: string, { tier: asked, domestic }: Wish): Surcharge {
  const speed: Factor = /^claude-opus-4[-.][67]/.test(model) ? [6n, 1n] : double;
  const most = product(asked === "fast" ? speed : one, domestic ? tenthMore : one);
  return { of: (tier) => (tier === "batch" ? product(most, half) : most), most, known: true };
}

/** `default` and `flex` cost no more than the list says, wherever they are known. */
const mayCostMore: ReadonlySet<string | undefined> = new Set(["priority", "fast", "ultrafast"]);

/** `provider` is the catalogue's name of who sells the model; what others than the two add is not known. */
export function surchargeOf(provider: string, name: string, baseUrl: string, wish: Wish): Surcharge {
  const model = name.trim().toLowerCase();
  if (provider === "openai") return openaiSurcharge(model, baseUrl, wish);
  if (provider === "anthropic") return anthropicSurcharge(model, wish);
  return mayCostMore.has(wish.tier) ? { ...noSurcharge, known: false } : noSurcharge;
}
