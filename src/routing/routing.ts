import type { Config } from "../config/schema.ts";
import { Refusal } from "../errors.ts";
import { type Caller, facts } from "../facts.ts";
import type { AttemptContext, CallContext, CallHooks, Parts, Step, Target } from "../step.ts";
import { Choice } from "./choice.ts";
import { createHealth, type Health, noHealth } from "./health.ts";
import { createPlanner, mayReach, type Plan } from "./plan.ts";

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
): Step {
  const planner = createPlanner(config, targets);
  const healthFor = (caller: Caller): Health => (caller.key === undefined ? noHealth : health);

  const open = (call: CallContext): CallHooks => {
    let plan: Plan | undefined;
    let choice: Choice | undefined;
    const planned = (): Plan => {
      plan ??= planner.plan(callerOf(call), call.dialect, call.ask);
      return plan;
    };
    const choose = (asked: string | undefined): Choice => {
      const caller = callerOf(call);
      const targets = asked === undefined ? planned().targets : planner.picked(asked, planned(), caller, call.dialect);
      return new Choice(call, targets, { rules: config.routing, clock: parts.clock, health: healthFor(caller) });
    };

    return {
      head() {
        const { operation } = call.ask;
        if (operation !== "models" && operation !== "model") return undefined;
        const ids = planner.models(callerOf(call), call.dialect);
        return ids === undefined ? undefined : call.dialect.models(ids, call.head);
      },
      request() {
        const { refusal } = planned();
        if (refusal !== undefined) throw refusal;
        checkThinking(call, callerOf(call));
      },
      next(last, asked) {
        choice ??= choose(asked);
        return choice.next(last, asked);
      },
      attempt(attempt) {
        const caller = callerOf(call);
        enter(call, attempt, caller);
        return { done: (outcome) => healthFor(caller).report(outcome, config.routing) };
      },
    };
  };
  return { name: "routing", open };
}

/** Access names every caller; without it nobody is let on. */
function callerOf(call: CallContext): Caller {
  const caller = call.facts.get(facts.caller);
  if (caller === undefined) throw new Refusal("missing_key");
  return caller;
}

/** The most output tokens that the caller may have, where that is less than what it asked for. */
function clampOf(call: CallContext, { maxOutputTokens }: Caller, asked: number | undefined): number | undefined {
  if (maxOutputTokens === undefined || call.ask.operation !== "chat") return undefined;
  return asked === undefined || asked > maxOutputTokens ? maxOutputTokens : undefined;
}

function checkThinking(call: CallContext, caller: Caller): void {
  const { maxOutput, thinkingBudget } = call.ask;
  const clamp = clampOf(call, caller, maxOutput);
  if (clamp === undefined || thinkingBudget === undefined || thinkingBudget < clamp) return;
  throw new Refusal("forbidden", { maxOutputTokens: clamp, thinkingBudget });
}

function enter(call: CallContext, attempt: AttemptContext, caller: Caller): void {
  const { target, asked } = attempt;
  // Once more where it counts: an operator's key is not used for strangers, and a virtual key is not shown to a provider.
  if (!mayReach(caller, target)) attempt.veto("credential");
  if (target.model !== undefined && target.model !== asked.model) attempt.ask({ model: target.model });
  const clamp = clampOf(call, caller, asked.maxOutput);
  if (clamp !== undefined) attempt.ask({ maxOutput: clamp });
}
