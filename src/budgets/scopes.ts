import { createHash } from "node:crypto";
import type { Config } from "../config/schema.ts";
import type { AttributeName, Caller } from "../facts.ts";
import type { Line } from "../stores/counters.ts";
import { type Window, type WindowKind, windowAt } from "./windows.ts";

type Budget = Config["budgets"][number];
type ScopeName = AttributeName | "key" | "model";

/** Whose money a call spends. `model` as the caller named it, an alias too. */
export type Spender = (name: ScopeName) => string | undefined;

/** A line and the configured budget behind it. */
export interface BudgetLine extends Line {
  /** As configured, without the caller's values: `customer=* per day`. */
  readonly name: string;
  readonly endsAt: number;
}

/** The budgets that one call has to fit under, all at once. */
export interface Budgets {
  readonly lines: readonly BudgetLine[];
  /** The largest of their shares, so the smallest part of what is left. */
  readonly share: number;
  /** What to hold for input without a bound; `undefined` where one of them states none. */
  readonly unknown: bigint | undefined;
}

const order: readonly ScopeName[] = ["team", "project", "feature", "customer", "key", "model"];
/** A call that began in a window settles in it, so a line outlives its window by more than a call's deadline. */
const grace = 3_600_000;
/** What a caller's value must not bring into a line's key. */
const separators = /[%,/]/g;

interface Rule {
  readonly scope: readonly (readonly [name: ScopeName, value: string])[];
  readonly name: string;
  readonly budget: Budget;
}

function toRule(budget: Budget): Rule {
  const scope = order.flatMap((name) => {
    const value = budget.scope[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const named = scope.map(([name, value]) => `${name}=${value}`).join(",");
  const span = budget.window === "total" ? "in total" : `per ${budget.window}`;
  return { scope, budget, name: `${named || "everybody"} ${span}` };
}

/**
 * The line's part before its window, or `undefined` where the rule is not for this caller. Under `*` those who name no value share a
 * line of their own, so that leaving a header away is no way out.
 */
function keyOf({ scope }: Rule, spender: Spender, told: Told): string | undefined {
  const parts: string[] = [];
  for (const [name, value] of scope) {
    const actual = spender(name);
    if (value !== "*" && value !== actual) return undefined;
    parts.push(`${name}=${told(actual ?? "").replace(separators, encodeURIComponent)}`);
  }
  return parts.join(",") || "everybody";
}

/** A value as a line's key may hold it, since stores write keys down. */
export type Told = (value: string) => string;

const same: Told = (value) => value;

/** Values stand for themselves; one that redaction would hide is told apart by a digest. */
export function createTold(known: {
  get(value: string): string | undefined;
  set(value: string, told: string): unknown;
}) {
  return (scrub: ((text: string) => string) | undefined): Told =>
    (value) => {
      const found = known.get(value);
      if (found !== undefined || scrub === undefined) return found ?? value;
      const told = scrub(value) === value ? value : `#${createHash("sha256").update(value).digest("base64url")}`;
      known.set(value, told);
      return told;
    };
}

export function spenderOf(caller: Caller | undefined, model: string): Spender {
  return (name) => {
    if (name === "model") return model;
    return name === "key" ? caller?.key : caller?.attributes[name];
  };
}

/** Finds what a spender has to fit under at an instant; `undefined` where no budget is for it. */
export function createScopes(
  budgets: readonly Budget[],
): (spender: Spender, now: number, told?: Told) => Budgets | undefined {
  const rules = budgets.map(toRule);
  const running = new Map<WindowKind, Window>();
  const windowOf = (kind: WindowKind, now: number): Window => {
    const known = running.get(kind);
    // A clock may be set back: then the window that runs is not the one that is due.
    if (known !== undefined && now >= known.beginsAt && now < known.endsAt) return known;
    const window = windowAt(kind, now);
    running.set(kind, window);
    return window;
  };
  return (spender, now, told = same) => {
    const lines = new Map<string, BudgetLine>();
    let share = 1;
    let unknown: bigint | undefined = 0n;
    for (const rule of rules) {
      const scope = keyOf(rule, spender, told);
      if (scope === undefined) continue;
      const { window: kind, limit } = rule.budget;
      const window = windowOf(kind, now);
      const key = `${scope}/${window.name}`;
      // Two budgets for the same scope and window are one line, and the smaller limit counts.
      const same = lines.get(key);
      if (same === undefined || limit < same.limit) {
        lines.set(key, { key, limit, name: rule.name, endsAt: window.endsAt, expiresAt: window.endsAt + grace });
      }
      share = Math.max(share, rule.budget.share);
      unknown = largest(unknown, rule.budget.unknown);
    }
    return lines.size === 0 ? undefined : { lines: [...lines.values()], share, unknown };
  };
}

function largest(first: bigint | undefined, second: bigint | undefined): bigint | undefined {
  if (first === undefined || second === undefined) return undefined;
  if (first > second) return first;
  return second;
}
