import type { Config } from "../config/schema.ts";
import { toDollars } from "../dollars.ts";
import type { Document } from "../slot.ts";
import type { AttemptContext, AttemptHooks, CallContext, CallHooks, Parts, Step, Summary } from "../step.ts";
import { createPrices, type Prices } from "./prices.ts";
import { noWish, type Wish } from "./surcharge.ts";

const tiers: ReadonlySet<unknown> = new Set(["default", "flex", "priority", "fast", "ultrafast"]);

/** What the body asks for that changes prices; the two wires keep it under names of their own. */
function wishOf(document: Document | undefined): Wish {
  if (document === undefined) return noWish;
  const tier = document.get(["service_tier"]);
  return {
    tier: tiers.has(tier) ? (tier as string) : undefined,
    fast: document.get(["speed"]) === "fast",
    domestic: document.get(["inference_geo"]) === "us",
  };
}

/**
 * Drops the event that carries nothing but the usage that we asked for. The `"usage": null` that OpenAI then adds to every other
 * chunk stays: it is part of the documented chunk, and taking it out would rewrite every event.
 */
const hideUsage = ({ dialect }: AttemptContext): AttemptHooks => ({
  event(event, emit) {
    if (!dialect.usageOnly(event)) emit(event);
  },
});

/** Prices one call's attempts, each by its own target and model, failed ones too. */
class Meter implements CallHooks {
  readonly #call: CallContext;
  readonly #prices: Prices;
  /** Numbers of attempts whose cost is not known. */
  readonly #unpriced = new Set<number>();
  #wish = noWish;
  #attempts = 0;

  constructor(call: CallContext, prices: Prices) {
    this.#call = call;
    this.#prices = prices;
  }

  request(document: Document | undefined): void {
    if (this.#call.ask.operation === "chat") this.#wish = wishOf(document);
  }

  attempt(attempt: AttemptContext): AttemptHooks | void {
    const { asked, number, target } = attempt;
    if (asked.operation !== "chat") return;
    this.#attempts++;
    const rates = this.#prices.find(target, target.model ?? asked.model, this.#wish);
    if (rates === undefined) this.#unpriced.add(number);
    else attempt.price(rates);
    const hidden = asked.stream && !asked.usage && this.#call.mode === "enforce";
    if (hidden) attempt.ask({ usage: true });
    const hooks = hidden ? hideUsage(attempt) : {};
    return rates !== undefined
      ? hooks
      : {
          ...hooks,
          done: (outcome) => {
            if (!outcome.sent) this.#unpriced.delete(number);
          },
        };
  }

  /** A stream's cost is not known when its headers leave. */
  answer(summary: Summary): Readonly<Record<string, string>> | void {
    if (this.#attempts === 0 || this.#call.ask.stream) return;
    return { "x-postern-cost": this.#unpriced.size > 0 ? "unknown" : toDollars(summary.cost) };
  }
}

/** Turns usage into money: sets each attempt's rates, and has every stream tell its usage. */
export function createMetering(config: Config, { clock }: Parts): Step {
  const prices = createPrices(config.prices, clock);
  return { name: "metering", open: (call) => new Meter(call, prices) };
}
