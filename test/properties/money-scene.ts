import fc from "fast-check";
import { createBudgets } from "../../src/budgets/budgets.ts";
import { type ConfigInput, schema } from "../../src/config/schema.ts";
import { Refusal } from "../../src/errors.ts";
import { createMetering } from "../../src/metering/metering.ts";
import type { AttemptOutcome, Step } from "../../src/step.ts";
import type { Counters } from "../../src/stores/counters.ts";
import { createMemoryStores, type MemoryStores } from "../../src/stores/memory.ts";
import { createCallContext, createLog, finalUsage, plainTarget, ScriptedAttempt } from "../doubles/attempt.ts";
import { createFakeClock } from "../doubles/clock.ts";
import { createFaultyStores, type Fault, type StoreOperation } from "../doubles/faulty-stores.ts";

export const cent = 10_000_000_000n;
export const dollar = 100n * cent;

/** One call as its provider and its caller will have it. Tokens are bytes over four, as in ordinary text. */
export interface Scenario {
  readonly model: string;
  readonly customer: string;
  readonly stream: boolean;
  readonly declared: number | undefined;
  readonly size: number;
  /** Output tokens that the model would give if nobody stopped it. */
  readonly tokens: number;
  readonly choices: number;
  /** May be answered by a dearer model, and is. */
  readonly fallsBack: boolean;
  /** Ends before its usage is told, after this part of its tokens. */
  readonly breaksAfter: number | undefined;
  readonly ending: "answered" | "aborted" | "broken" | "refused";
}

/** What the counters ever said, checked after every change. */
function audited(counters: Counters, limits: ReadonlyMap<string, bigint>): Counters {
  const check = async (): Promise<void> => {
    for (const { key, spent, held } of await counters.read([...limits.keys()])) {
      const limit = limits.get(key) ?? 0n;
      if (spent + held > limit || held < 0n) throw new Error(`${key}: ${spent} spent and ${held} held of ${limit}`);
    }
  };
  return {
    reserve: async (...args) => {
      const answer = await counters.reserve(...args);
      await check();
      return answer;
    },
    settle: async (...args) => {
      await counters.settle(...args);
      await check();
    },
    read: (keys) => counters.read(keys),
    take: (...args) => counters.take(...args),
    close: () => counters.close(),
  };
}

const now = Date.UTC(2026, 10, 24, 12);
const budgets: NonNullable<ConfigInput["budgets"]> = [
  { limit: "$0.20", window: "day" },
  { scope: { customer: "*" }, limit: "$0.10", window: "hour" },
];
export const limits = new Map([
  ["everybody/2026-11-24", 20n * cent],
  ["customer=acme/2026-11-24T12", 10n * cent],
  ["customer=umbrella/2026-11-24T12", 10n * cent],
]);

export function create(input: NonNullable<ConfigInput["budgets"]> = budgets, watched = limits) {
  const clock = createFakeClock(now);
  const memory = createMemoryStores({ clock }, { keep: 10 });
  const stores = createFaultyStores({ ...memory, counters: audited(memory.counters, watched) }, clock);
  const parts = { clock, random: () => 0, log: createLog(), stores };
  const config = schema.parse({ budgets: input });
  return {
    clock,
    memory,
    stores,
    log: parts.log,
    steps: [createMetering(config, parts), createBudgets(config.budgets, parts)],
  };
}

const endings: Readonly<Record<Scenario["ending"], Partial<AttemptOutcome>>> = {
  answered: {},
  aborted: { result: "aborted", code: "call_aborted" },
  broken: { result: "broken", code: "upstream_broken" },
  refused: { result: "rejected", status: 500, code: "upstream_error" },
};

const dearer: Readonly<Record<string, string>> = { "gpt-5-mini": "gpt-5", "claude-haiku-4-5": "claude-opus-5" };

/** Plays a call to its end; `pause` lets others run. Resolves to what it was told. */
export async function play(steps: readonly Step[], scenario: Scenario, pause: () => Promise<void>): Promise<string> {
  const { model, customer, stream, declared, choices, size } = scenario;
  const target = model.startsWith("claude")
    ? ({ provider: "anthropic", baseUrl: "https://api.anthropic.com/v1" } as const)
    : plainTarget;
  const further = scenario.fallsBack ? dearer[model] : undefined;
  const call = createCallContext({
    ask: { model, stream, maxOutput: declared, choices, furtherModels: further === undefined ? [] : [further] },
    caller: { attributes: { customer } },
    dialect: { provider: target.provider },
  });
  const attempt = new ScriptedAttempt(call, { size, target });
  try {
    await attempt.open(...steps.map((step) => step.open(call)));
  } catch (cause) {
    if (cause instanceof Refusal) return cause.code;
    throw cause;
  }
  await pause();
  if (scenario.ending === "refused") {
    await attempt.end(endings.refused);
    return "failed";
  }
  const given = Math.min(scenario.tokens, (attempt.asked.maxOutput ?? Number.POSITIVE_INFINITY) * choices);
  const last = scenario.breaksAfter === undefined ? given : Math.floor(given * scenario.breaksAfter);
  if (stream) {
    for (let sent = 0; sent < last && attempt.refusal === undefined; sent += 50) {
      attempt.event(Math.min(50, last - sent) * 4);
      await pause();
    }
  }
  if (attempt.refusal) {
    await attempt.end({ result: "cut", code: "budget_exceeded" });
    return "cut";
  }
  if (scenario.breaksAfter !== undefined) {
    await attempt.end(endings[scenario.ending]);
    return scenario.ending;
  }
  const reported = finalUsage(Math.ceil(size / 4), given, { model: further ?? model });
  if (stream) attempt.event(0, reported);
  await attempt.end(stream ? {} : { usage: reported });
  return "answered";
}

/** Each id reserved settles once, after its reservations, at no more than was held. */
export function auditLedger({ ledger }: MemoryStores): bigint {
  const held = new Map<string, bigint>();
  const done = new Set<string>();
  let charged = 0n;
  for (const { kind, id, amount } of ledger.entries()) {
    expect(done.has(id)).toBe(false);
    if (kind === "reserve") {
      expect(amount >= (held.get(id) ?? 0n)).toBe(true);
      held.set(id, amount);
    } else {
      expect(amount <= (held.get(id) ?? -1n)).toBe(true);
      done.add(id);
      charged += amount;
    }
  }
  expect([...done].sort()).toEqual([...held.keys()].sort());
  return charged;
}

export const scenario: fc.Arbitrary<Scenario> = fc.record({
  model: fc.constantFrom("gpt-4.1", "gpt-5-mini", "claude-haiku-4-5"),
  customer: fc.constantFrom("acme", "umbrella"),
  stream: fc.boolean(),
  declared: fc.option(fc.integer({ min: 1, max: 64_000 }), { nil: undefined }),
  size: fc.integer({ min: 2, max: 20_000 }),
  tokens: fc.integer({ min: 1, max: 6_000 }),
  choices: fc.integer({ min: 1, max: 3 }),
  fallsBack: fc.boolean(),
  breaksAfter: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
  ending: fc.constantFrom("answered", "aborted", "broken", "refused"),
});

const operations: readonly StoreOperation[] = ["counters.reserve", "counters.settle", "ledger.append"];
export const fault: fc.Arbitrary<readonly [StoreOperation, Fault, number]> = fc.tuple(
  fc.constantFrom(...operations),
  fc.oneof(
    fc.constantFrom<Fault>("fail", "lose"),
    fc.integer({ min: 1, max: 5_000 }).map((delay): Fault => ({ delay })),
    fc.integer({ min: 1, max: 5_000 }).map((linger): Fault => ({ linger })),
  ),
  fc.integer({ min: 1, max: 6 }),
);
