import { LRUCache } from "lru-cache";
import type { Config } from "../config/schema.ts";
import { toDollars } from "../dollars.ts";
import { Refusal } from "../errors.ts";
import { facts } from "../facts.ts";
import type {
  AttemptContext,
  AttemptHooks,
  AttemptOutcome,
  CallContext,
  CallHooks,
  Parts,
  Receipt,
  Step,
} from "../step.ts";
import type { Denial } from "../stores/counters.ts";
import { Account, type AccountParts } from "./account.ts";
import { createFlow } from "./flow.ts";
import { chargeOf, clampOf, type Need, needOf, streamWant, unboundedIn, wholeWant } from "./needs.ts";
import { createPersistence } from "./patience.ts";
import { type Budgets, createScopes, createTold, spenderOf } from "./scopes.ts";

type Scopes = ReturnType<typeof createScopes>;
type Shared = AccountParts & Pick<Parts, "log"> & { readonly told: ReturnType<typeof createTold> };

/** A reservation is charged in full when nobody settles it this long after its call's deadline: its process is gone. */
const lease = 60_000;
/** More than anybody can spend. */
const unlimited = 1n << 100n;

/** One call under its budgets: reserves before each attempt leaves, settles after it. */
class Spending implements CallHooks {
  readonly #call: CallContext;
  readonly #scopes: Scopes;
  readonly #shared: Shared;
  /** Only observing: attempts that enforcing would have refused, whose cost is still counted. */
  readonly #missed = new Map<number, Budgets>();
  #latest: { readonly account: Account; readonly budgets: Budgets } | undefined;
  #clamp: number | undefined;

  constructor(call: CallContext, scopes: Scopes, shared: Shared) {
    this.#call = call;
    this.#scopes = scopes;
    this.#shared = shared;
    call.facts.set(facts.budget, () => this.#left());
  }

  async attempt(attempt: AttemptContext): Promise<AttemptHooks | void> {
    this.#clamp = undefined;
    if (attempt.asked.operation !== "chat") return;
    const { ask, facts: known } = this.#call;
    const budgets = this.#scopes(
      spenderOf(known.get(facts.caller), ask.model),
      this.#shared.clock.now(),
      this.#shared.told(known.get(facts.scrub)),
    );
    if (budgets === undefined) return;
    try {
      return await this.#open(attempt, budgets);
    } catch (cause) {
      if (this.#call.mode === "observe") this.#missed.set(attempt.number, budgets);
      throw cause;
    }
  }

  answer(): Readonly<Record<string, string>> | void {
    if (this.#clamp !== undefined) return { "x-postern-max-tokens": String(this.#clamp) };
  }

  async settle({ attempts }: Receipt): Promise<void> {
    for (const { cost, number } of attempts) {
      const budgets = this.#missed.get(number);
      if (budgets !== undefined && cost > 0n) await this.#count(number, budgets, cost);
    }
  }

  /** What was spent is held first, since money is only ever settled in the lines that hold it. */
  async #count(number: number, budgets: Budgets, cost: bigint): Promise<void> {
    const lines = budgets.lines.map((line) => ({ ...line, limit: unlimited }));
    // An id of its own: under the attempt's, the store may know a reservation that was given up.
    const account = this.#account(`${number}/observed`, { ...budgets, lines });
    // Whatever came of it, what the store may hold is settled.
    await account.hold({ least: cost, useful: cost, most: cost, part: 1 }).catch(() => {});
    await account.settle(cost);
  }

  async #open(attempt: AttemptContext, budgets: Budgets): Promise<AttemptHooks> {
    const need = this.#need(attempt, budgets);
    const account = this.#account(attempt.number, budgets);
    const want = need.hidden ? wholeWant(need, attempt.asked.thinkingBudget ?? 0) : streamWant(need, 0);
    const denial = await account.hold(want).catch((cause: unknown) => {
      // A store that gave no answer may have held the money all the same.
      void account.settle(0n);
      throw cause;
    });
    if (denial !== undefined) throw this.#exceeded(budgets, denial);
    this.#latest = { account, budgets };
    const done = (outcome: AttemptOutcome): Promise<void> => this.#done(attempt, account, need, outcome);
    if (this.#call.mode === "observe") return { done };
    if (need.hidden) {
      this.#limit(attempt, need, account.held);
      return { done };
    }
    const flow = createFlow(attempt, account, need, (denial) => this.#exceeded(budgets, denial));
    return {
      event: flow.event,
      done(outcome) {
        flow.close();
        return done(outcome);
      },
    };
  }

  #need(attempt: AttemptContext, budgets: Budgets): Need {
    const { asked, rates, target } = attempt;
    const budget = budgets.lines[0]?.name ?? "";
    if (rates === undefined) throw new Refusal("unpriced_model", { budget, target: target.name });
    const unbounded = unboundedIn(asked, rates);
    if (unbounded.length > 0 && budgets.unknown === undefined) {
      throw new Refusal("cost_unbounded", { budget, reason: unbounded.join(",") });
    }
    return needOf(attempt, rates, budgets.unknown ?? 0n);
  }

  #limit(attempt: AttemptContext, need: Need, money: bigint): void {
    const clamp = clampOf(need, attempt.asked, money);
    if (clamp === undefined) return;
    this.#clamp = clamp;
    attempt.ask({ maxOutput: clamp });
    if (this.#call.facts.get(facts.clamp) === undefined) this.#call.facts.set(facts.clamp, clamp);
  }

  async #done(attempt: AttemptContext, account: Account, need: Need, outcome: AttemptOutcome): Promise<void> {
    const cost = chargeOf(need, outcome, account.held);
    if (cost !== outcome.cost) attempt.charge(cost);
    await account.settle(cost);
    if (cost > account.held && this.#call.mode === "enforce") {
      const over = toDollars(cost - account.held);
      this.#shared.log.warn(
        { call: this.#call.id, target: outcome.target, over },
        "a call cost more than it had reserved",
      );
    }
  }

  #account(number: number | string, budgets: Budgets): Account {
    const remaining = Math.min(this.#call.remaining(), Number.MAX_SAFE_INTEGER / 2);
    const leaseUntil = this.#shared.clock.now() + remaining + lease;
    return new Account(`${this.#call.id}/${number}`, budgets, leaseUntil, this.#shared);
  }

  #exceeded({ lines }: Budgets, { denied, left }: Denial): Refusal {
    const line = lines.find(({ key }) => key === denied);
    const reset =
      line === undefined ? Number.POSITIVE_INFINITY : Math.ceil((line.endsAt - this.#shared.clock.now()) / 1_000);
    return new Refusal("budget_exceeded", {
      budget: line?.name ?? "",
      left: toDollars(left > 0n ? left : 0n),
      ...(Number.isFinite(reset) ? { resetSeconds: Math.max(0, reset) } : {}),
    });
  }

  #left(): { readonly name: string; readonly left: bigint } | undefined {
    const tightest = this.#latest?.account.tightest;
    const line = this.#latest?.budgets.lines.find(({ key }) => key === tightest?.key);
    return tightest && line && { name: line.name, left: tightest.left };
  }
}

/**
 * Hard budgets: no call leaves without its money reserved under every budget that covers it, and the ledger knowing it.
 * A store that fails or is slow refuses calls; it never lets one through.
 */
export function createBudgets(budgets: Config["budgets"], { clock, log, stores }: Parts): Step {
  const scopes = createScopes(budgets);
  const persistence = createPersistence(clock, log);
  if (budgets.length > 0 && !stores.ledger.durable) {
    log.warn(
      { budgets: budgets.length },
      "hard budgets stand over a ledger that forgets what was spent when the process ends",
    );
  }
  const told = createTold(new LRUCache<string, string>({ max: 10_000 }));
  const shared: Shared = { clock, log, stores, persistence, told };
  return {
    name: "budgets",
    open: (call) => new Spending(call, scopes, shared),
    close: () => persistence.close(),
  };
}
