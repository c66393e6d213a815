import type { Config } from "../config/schema.ts";
import { toDollars } from "../dollars.ts";
import type { AttemptContext, AttemptHooks, CallContext, CallHooks, Parts, Step, Summary } from "../step.ts";
import { createPrices, type Prices } from "./prices.ts";
import type { KnownRates } from "./rates.ts";
import { noWish, wishOf } from "./surcharge.ts";

/**
 * Drops the event that carries nothing but the usage that we asked for. The `"usage": null` that OpenAI then adds to every other
 * chunk stays: it is part of the documented chunk, and taking it out would rewrite every event.
 */
const hideUsage =
  ({ dialect }: AttemptContext): NonNullable<AttemptHooks["event"]> =>
  (event, emit) => {
    if (!dialect.usageOnly(event)) emit(event);
  };

/** Translated for another wire, a call asks neither for further models nor for a tier that is dearer. */
function ratesFor(prices: Prices, { asked, dialect, target }: AttemptContext): KnownRates | undefined {
  const model = target.model ?? asked.model;
  if (dialect.provider !== target.provider) return prices.find(target, model, noWish);
  return prices.find(target, model, wishOf(asked), asked.furtherModels);
}

interface Metered {
  readonly attempt: AttemptContext;
  readonly rates: KnownRates | undefined;
}

/** Prices one call's attempts, each by its own target and model, failed ones too. */
class Meter implements CallHooks {
  readonly #call: CallContext;
  readonly #prices: Prices;
  /** But for those that never left. */
  readonly #metered = new Set<Metered>();
  #attempts = 0;

  constructor(call: CallContext, prices: Prices) {
    this.#call = call;
    this.#prices = prices;
  }

  attempt(attempt: AttemptContext): AttemptHooks | void {
    const { asked } = attempt;
    if (asked.operation !== "chat") return;
    const rates = ratesFor(this.#prices, attempt);
    const metered = { attempt, rates };
    this.#attempts++;
    this.#metered.add(metered);
    const hooks: AttemptHooks = {
      done: ({ sent }) => {
        if (!sent) this.#metered.delete(metered);
      },
    };
    if (rates !== undefined) attempt.price(rates);
    if (asked.stream && !asked.usage && this.#call.mode === "enforce") {
      attempt.ask({ usage: true });
      hooks.event = hideUsage(attempt);
    }
    return hooks;
  }

  /** A stream's cost is not known when its headers leave. */
  answer(summary: Summary): Readonly<Record<string, string>> | void {
    if (this.#attempts === 0 || this.#call.ask.stream) return;
    return { "x-postern-cost": this.#knows() ? toDollars(summary.cost) : "unknown" };
  }

  #knows(): boolean {
    for (const { attempt, rates } of this.#metered) if (rates?.knows(attempt.usage) !== true) return false;
    return true;
  }
}

/** Turns usage into money: sets each attempt's rates, and has every stream tell its usage. */
export function createMetering(config: Config, { clock }: Parts): Step {
  const prices = createPrices(config.prices, clock);
  return { name: "metering", open: (call) => new Meter(call, prices) };
}
