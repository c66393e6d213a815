import type { Losses } from "./losses.ts";
import type { Place, Setting } from "./model.ts";

/** `only`: of the tools offered, those that may be called. */
export type Choice =
  | { readonly kind: "auto" | "any"; readonly only?: readonly string[] }
  | { readonly kind: "none" }
  | { readonly kind: "tool"; readonly name: string };

export interface Format {
  readonly name: Setting<string> | undefined;
  readonly description: Setting<string> | undefined;
  readonly schema: Readonly<Record<string, unknown>>;
  readonly strict: boolean;
}

export type Effort = "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max";

/** Everything about an answer that more than one wire can ask for. */
export interface SettingValues {
  maxOutput: number;
  temperature: number;
  topP: number;
  topK: number;
  stop: readonly string[];
  choices: number;
  seed: number;
  presencePenalty: number;
  frequencyPenalty: number;
  logprobs: boolean;
  topLogprobs: number;
  format: Format;
  effort: Effort;
  /** Tokens set aside for thinking. */
  thinkingBudget: number;
  toolChoice: Choice;
  parallelCalls: boolean;
  /** Who is served, for the provider's watch over abuse. */
  user: string;
  tier: "auto" | "standard";
}
type Name = keyof SettingValues;

/** What every wire does anyway: not carried, it is not lost. */
const usual: Partial<SettingValues> = {
  temperature: 1,
  topP: 1,
  choices: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logprobs: false,
  topLogprobs: 0,
  parallelCalls: true,
  tier: "auto",
};

/** What was asked for, until a dialect takes it; what it leaves is named as lost. */
export class Settings {
  readonly #left = new Map<Name, Setting<unknown>>();

  set<N extends Name>(name: N, at: Place, value: SettingValues[N] | undefined): void {
    if (value !== undefined) this.#left.set(name, { at, value });
  }

  take<N extends Name>(name: N): Setting<SettingValues[N]> | undefined {
    const found = this.#left.get(name) as Setting<SettingValues[N]> | undefined;
    this.#left.delete(name);
    return found;
  }

  /** Names what nobody took, unless it is what happens anyway. */
  close(losses: Losses): void {
    for (const [name, { at, value }] of this.#left) if (usual[name] !== value) losses.name(at);
    this.#left.clear();
  }
}
