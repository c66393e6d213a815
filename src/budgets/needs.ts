import type { Ask } from "../dialects/dialect.ts";
import { imageTokens } from "../dialects/dialect.ts";
import type { AttemptContext, AttemptOutcome, Rates } from "../step.ts";

/** More output than any model gives: what a call without a declared maximum may cost. */
const longestAnswer = 131_072;

/**
 * Tokens that a provider adds to a body: its chat template, and a prompt of its own where there are tools (Anthropic: up to 530 by its
 * price list). The bytes of all but tiny bodies exceed their tokens by more than that.
 */
const addedTokens = 512;

/**
 * What is reserved for an answer at least, more than its share where it must: enough for a usual short one, and where that is not
 * left, enough for any. The first is small enough that twenty calls at once find their money in $1 at $40 per million tokens.
 */
const usefulTokens = 512;
const leastTokens = 16;
/** The same for a stream, in bytes of text, about four a token: it may grow later. */
const usefulBytes = 512;
const leastBytes = 64;
/** How far a stream's reservation runs ahead of what has flowed, in bytes for each choice: at first, and at most. */
const firstAhead = 4_096;
const furthestAhead = 65_536;
/** A stream asks again and again, so each time it takes a smaller part of what is left than a whole answer does. */
const streamPart = 4;

/** What an attempt may cost, in pico-dollars. `output` counts tokens of all choices together. */
export interface Need {
  readonly rates: Rates;
  /** Upper bound of input tokens. */
  readonly input: number;
  /** Held for input that has no bound. */
  readonly unknown: bigint;
  /** No more output than this can come. */
  readonly longest: number;
  /** Output may be billed that has not flowed: a whole answer comes at its end, reasoning never does. */
  readonly hidden: boolean;
  /** The model bills reasoning. */
  readonly reasons: boolean;
  readonly choices: number;
}

/** What to ask the counters for. */
export interface Want {
  readonly least: bigint;
  readonly useful: bigint;
  readonly most: bigint;
  /** Takes this part of a fair share at most. */
  readonly part: number;
}

/** Why the cost has no bound that can be told beforehand. Which model a provider picks, and for what price, it alone knows. */
export function unboundedIn({ furtherModels, unbounded }: Ask, rates: Rates): readonly string[] {
  const any = furtherModels?.includes("*") === true;
  if (!any && rates.bounded !== false) return unbounded;
  return [...unbounded, ...(any ? ["any_model"] : []), ...(rates.bounded === false ? ["unpriced"] : [])];
}

export function needOf({ asked, size }: Pick<AttemptContext, "asked" | "size">, rates: Rates, unknown: bigint): Need {
  return {
    rates,
    input: size + asked.images * imageTokens + addedTokens,
    unknown: unboundedIn(asked, rates).length > 0 ? unknown : 0n,
    longest: (asked.maxOutput ?? longestAnswer) * asked.choices,
    hidden: asked.reasons || !asked.stream,
    reasons: asked.reasons,
    choices: asked.choices,
  };
}

export const costOf = ({ rates, input, unknown, longest }: Need, output: number): bigint =>
  rates.bound(input, Math.min(output, longest)) + unknown;

/** How much output the money covers. */
export const coveredBy = ({ rates, input, unknown }: Need, money: bigint): number =>
  rates.affordable(money - unknown, input);

/** Everything that is declared at once; what thinking is to take, and a little more, at least. */
export function wholeWant(need: Need, thinkingBudget: number): Want {
  const upTo = (tokens: number): bigint => costOf(need, (thinkingBudget + tokens) * need.choices);
  return { least: upTo(leastTokens), useful: upTo(usefulTokens), most: costOf(need, need.longest), part: 1 };
}

/** What lets a stream flow on beyond `from` bytes: the further it has come, the further ahead. */
export function streamWant(need: Need, from: number): Want {
  const upTo = (bytes: number): bigint => costOf(need, from + bytes * need.choices);
  const ahead = Math.min(Math.max(firstAhead, from / need.choices), furthestAhead);
  return { least: upTo(leastBytes), useful: upTo(usefulBytes), most: upTo(ahead), part: streamPart };
}

/**
 * The output limit for each choice that keeps an answer within the money held; `undefined` where the declared one does already. A limit
 * of our own, where none was declared, stays below what every current model accepts, since a larger one is a provider's error 400.
 */
export function clampOf(need: Need, { maxOutput }: Pick<Ask, "maxOutput">, money: bigint): number | undefined {
  const each = Math.floor(coveredBy(need, money) / need.choices);
  if (maxOutput !== undefined) return each < maxOutput ? each : undefined;
  if (each >= longestAnswer) return undefined;
  return Math.min(each, need.reasons ? 65_536 : 4_096);
}

const providersFault: ReadonlySet<string | undefined> = new Set([
  "upstream_broken",
  "upstream_invalid",
  "upstream_error",
]);

/**
 * What an attempt costs. Reported usage is the truth, as far as it has prices; else it is at least what was held. Nothing is charged for what never left or came back as an error. Else, since the
 * provider may have worked: the whole reservation where output does not flow (a provider that broke off before any content bills none),
 * or the input and what flowed; never more than was held.
 */
export function chargeOf(need: Need, outcome: AttemptOutcome, held: bigint): bigint {
  const { usage, result } = outcome;
  if (!outcome.sent) return 0n;
  if (usage.final) {
    const cost = need.rates.cost(usage);
    return need.rates.knows?.(usage) === false && cost < held ? held : cost;
  }
  const early = result === "rejected";
  if (early && ((outcome.status ?? 0) >= 400 || outcome.code === "upstream_unreachable")) return 0n;
  const unseen = need.reasons || (need.hidden && result !== "answered");
  if (unseen && !(early && providersFault.has(outcome.code))) return held;
  const output = Math.min(outcome.flowed, need.longest);
  const reported = usage.input > 0;
  const bound = reported ? need.rates.cost({ ...usage, output: Math.max(usage.output, output) }) : costOf(need, output);
  return bound < held ? bound : held;
}
