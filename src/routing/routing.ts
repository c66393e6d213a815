import type { Config } from "../config/schema.ts";
import { Refusal } from "../errors.ts";
import { type Caller, facts } from "../facts.ts";
import type { AttemptContext, CallContext, CallHooks, Parts, Picked, Step, Target } from "../step.ts";
import { Choice } from "./choice.ts";
import { createHealth, type Health, noHealth } from "./health.ts";
import { createPlanner, type Demand, type Plan, type PlannerOptions } from "./plan.ts";
import { mayReach } from "./reach.ts";
import { isInside } from "./regions.ts";
import { createRetryBudget, unlimited } from "./retries.ts";
import { needsTranslation } from "./translation.ts";

export { createHealth, type Health } from "./health.ts";

/**
 * What was asked for becomes a plan, targets in order; the plan is tried until one answers, the rules are used up, or the call's
 * deadline passes. What a call learns about targets is kept in `health` for all.
 */
export function createRouting(
  config: Config,
  targets: ReadonlyMap<string, Target>,
  parts: Parts,
  health: Health = createHealth(parts),
  options: Partial<PlannerOptions> = {},
): Step {
  const planner = createPlanner(config, targets, { random: parts.random, ...options });
  const shared = { rules: config.routing, clock: parts.clock, health };
  const ofKeys = { ...shared, retries: createRetryBudget(config.routing.retries, parts.clock) };
  // What one caller's own key meets is no matter of the others.
  const ofOne = { ...shared, health: noHealth, retries: unlimited };
  const partsFor = (caller: Caller) => (caller.key === undefined ? ofOne : ofKeys);

  const open = (call: CallContext): CallHooks => {
    let known: Demand | undefined;
    let plan: Plan | undefined;
    let choice: Choice | undefined;
    /** After the body is read. */
    const demand = (): Demand => {
      known ??= demandOf(call);
      return known;
    };
    const planned = (): Plan => {
      plan ??= planner.plan(demand());
      return plan;
    };
    const choose = (asked: Picked | undefined): Choice => {
      const targets = asked === undefined ? planned().targets : planner.picked(asked, planned(), demand());
      return new Choice(call, targets, partsFor(demand().caller));
    };

    return {
      head() {
        const { operation } = call.ask;
        if (operation !== "models" && operation !== "model") return undefined;
        const ids = planner.models(demandOf(call));
        return ids === undefined ? undefined : call.dialect.models(ids, call.head);
      },
      request() {
        const { refusal, targets } = planned();
        if (refusal !== undefined) throw refusal;
        const { caller, dialect, ask } = demand();
        const foreign = targets.some((target) => needsTranslation(target, { dialect, operation: ask.operation }));
        if (!foreign) checkThinking(call, caller);
      },
      next(last, asked) {
        choice ??= choose(asked);
        return choice.next(last, typeof asked === "object" ? asked.address : asked);
      },
      attempt(attempt) {
        const { caller } = demand();
        // Once more where it counts, whoever chose the target.
        if (!isInside(attempt.target, planned().pins)) attempt.veto("region");
        enter(call, attempt, caller);
        return { done: partsFor(caller).health.watch(attempt.target.name, config.routing) };
      },
    };
  };
  return { name: "routing", open };
}

const demandOf = (call: CallContext): Demand => ({
  caller: callerOf(call),
  dialect: call.dialect,
  ask: call.ask,
  head: call.head,
});

/** Observing lets a caller pass whom access does not know; it reaches nothing of the operator's, and nothing of its own goes along. */
const stranger: Caller = {
  key: undefined,
  attributes: {},
  models: undefined,
  maxOutputTokens: undefined,
  ownKey: false,
};

/** Access names every caller; without it nobody is let on. */
function callerOf(call: CallContext): Caller {
  const caller = call.facts.get(facts.caller);
  if (caller !== undefined) return caller;
  if (call.mode === "observe") return stranger;
  throw new Refusal("missing_key");
}

/** The most output tokens that the caller may have, where that is less than what it asked for. */
function clampOf(call: CallContext, { maxOutputTokens }: Caller, asked: number | undefined): number | undefined {
  if (maxOutputTokens === undefined || call.ask.operation !== "chat") return undefined;
  return asked === undefined || asked > maxOutputTokens ? maxOutputTokens : undefined;
}

/** A limit that leaves no room behind what is set aside for thinking is one that the caller's own wire refuses. */
const exceeds = (thinkingBudget: number | undefined, clamp: number | undefined): thinkingBudget is number =>
  clamp !== undefined && thinkingBudget !== undefined && thinkingBudget >= clamp;

function checkThinking(call: CallContext, caller: Caller): void {
  const { maxOutput, thinkingBudget } = call.ask;
  const clamp = clampOf(call, caller, maxOutput);
  if (exceeds(thinkingBudget, clamp))
    throw new Refusal("forbidden", { maxOutputTokens: Number(clamp), thinkingBudget });
}

function enter(call: CallContext, attempt: AttemptContext, caller: Caller): void {
  const { target, asked } = attempt;
  // Once more where it counts: an operator's key is not used for strangers, and a virtual key is not shown to a provider.
  if (!mayReach(caller, target)) attempt.veto("credential");
  if (target.model !== undefined && target.model !== asked.model) attempt.ask({ model: target.model });
  const clamp = clampOf(call, caller, asked.maxOutput);
  if (clamp === undefined) return;
  if (exceeds(asked.thinkingBudget, clamp) && call.mode !== "observe") attempt.veto("thinking_budget");
  attempt.ask({ maxOutput: clamp });
}
