import { createBudgets } from "../../src/budgets/budgets.ts";
import { type ConfigInput, schema } from "../../src/config/schema.ts";
import type { Ask } from "../../src/dialects/dialect.ts";
import { Refusal } from "../../src/errors.ts";
import { createRates } from "../../src/metering/rates.ts";
import type { CallContext, Rates } from "../../src/step.ts";
import { createMemoryStores } from "../../src/stores/memory.ts";
import { createCallContext, createLog, finalUsage, ScriptedAttempt } from "../doubles/attempt.ts";
import { createFakeClock } from "../doubles/clock.ts";
import { createFaultyStores } from "../doubles/faulty-stores.ts";

export const micro = 1_000_000n;
export const dollar = 1_000_000n * micro;
/** $1 per million input tokens, $10 per million output tokens: one output token is ten micro-dollars. */
export const rates = createRates([
  { above: -1, input: micro, output: 10n * micro, cacheRead: micro, cacheWrite: micro, cacheWriteLong: micro },
]);
/** The bound of the input of an attempt with a body of 88 bytes: what the provider may add included. */
export const input = 600;

/** Lets every promise that can settle without the clock do so. */
export const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

export interface Options {
  readonly ask?: Partial<Ask>;
  readonly mode?: CallContext["mode"];
  readonly rates?: Rates | undefined;
  readonly number?: number;
}

/**
 * Budgets over memory stores that can be broken, and a way to play calls in them. Broken or not, those answer as if they were elsewhere;
 * `own` are the memory stores themselves.
 */
export function create(
  budgets: ConfigInput["budgets"] = [{ limit: "$1", window: "day" }],
  kind: "remote" | "own" = "remote",
) {
  const clock = createFakeClock(Date.UTC(2026, 10, 24, 12));
  const memory = createMemoryStores({ clock }, { keep: 10 });
  const stores = createFaultyStores(memory, clock);
  const log = createLog();
  const step = createBudgets(schema.parse({ budgets }).budgets, {
    clock,
    random: () => 0,
    log,
    stores: kind === "own" ? memory : stores,
  });
  const line = async (key = "everybody/2026-11-24") => (await memory.counters.read([key]))[0];
  const open = (options: Options = {}) => {
    const call = createCallContext({ ask: { maxOutput: 1_000, ...options.ask }, mode: options.mode ?? "enforce" });
    const hooks = step.open(call);
    const attempt = new ScriptedAttempt(call, {
      size: 88,
      number: options.number ?? 1,
      ...("rates" in options ? (options.rates ? { rates: options.rates } : {}) : { rates }),
    });
    return { call, hooks, attempt };
  };
  const start = async (options: Options = {}) => {
    const opened = open(options);
    await opened.attempt.open(opened.hooks);
    return opened;
  };
  const refusal = async (options: Options = {}): Promise<Refusal> => {
    const error = await start(options).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    if (error instanceof Refusal) return error;
    throw new Error("the attempt was not refused", { cause: error });
  };
  /** Leaves so much of the only budget. */
  const leave = async (left: bigint) => {
    const { attempt } = await start({ ask: { maxOutput: 1 } });
    await attempt.end({ usage: finalUsage(Number((dollar - left) / micro), 0) });
  };
  return { clock, memory, stores, log, step, line, open, start, refusal, leave };
}
