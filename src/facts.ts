declare const redacted: unique symbol;
/** Text in which nothing personal is left. Only redaction makes it; it is all that a sink takes. */
export type Redacted = string & { readonly [redacted]: true };

/** The same as UTF-8: a body is not decoded for a sink that takes bytes. */
export type RedactedBytes = Uint8Array & { readonly [redacted]: true };

/** A named fact, written once by the step that owns it. */
export interface FactKey<T> {
  readonly name: string;
  readonly owner: string;
  readonly type?: T;
}

export interface Facts {
  get<T>(key: FactKey<T>): T | undefined;
  /** Throws an `Error` when the fact was written before. */
  set<T>(key: FactKey<T>, value: T): void;
}

const fact = <T>(owner: string, name: string): FactKey<T> => ({ owner, name });

export interface Attributes {
  readonly team?: string;
  readonly project?: string;
  readonly feature?: string;
  readonly customer?: string;
}
export type AttributeName = keyof Attributes;

/** Who is calling, and what the key permits. Without `access` in the config: the caller with its own provider key. */
export interface Caller {
  /** The virtual key's id; `undefined` for a caller with its own provider key. */
  readonly key: string | undefined;
  readonly attributes: Attributes;
  /** Model names and aliases that may be asked for; `undefined`: all. */
  readonly models: readonly string[] | undefined;
  /** Prompts that may be asked for; `undefined`: all. */
  readonly prompts?: readonly string[] | undefined;
  readonly maxOutputTokens: number | undefined;
  /** The provider credential that the caller brought; it goes to that provider's own host and nowhere else. */
  readonly ownKey: boolean;
}

/** Which prompt a call was made of. */
export interface PromptUsed {
  readonly name: string;
  readonly version: number;
}

export type FindingAction = "masked" | "blocked" | "flagged";
export interface FindingCount {
  readonly type: string;
  readonly action: FindingAction;
  readonly count: number;
}

/** The facts that steps leave for others; steps never import each other. */
export const facts = {
  caller: fact<Caller>("access", "caller"),
  prompt: fact<PromptUsed>("prompts", "prompt"),
  findings: fact<readonly FindingCount[]>("redaction", "findings"),
  /** Masks whatever personal data or secret a text holds, known from this call or detected anew. */
  scrub: fact<(text: string) => Redacted>("redaction", "scrub"),
  /** The request body with every edit made, as a provider that is not trusted would get it. */
  payload: fact<() => RedactedBytes>("redaction", "payload"),
  /** What is left of the tightest budget after this call's reservation, in pico-dollars, and that budget's name. */
  budget: fact<() => { readonly name: string; readonly left: bigint } | undefined>("budgets", "left"),
  /** The most output tokens a whole answer was clamped to. */
  clamp: fact<number>("budgets", "clamp"),
} as const;

export function createFacts(): Facts {
  const values = new Map<FactKey<unknown>, unknown>();
  return {
    get: <T>(key: FactKey<T>) => values.get(key) as T | undefined,
    set(key, value) {
      if (values.has(key)) throw new Error(`fact ${key.owner}.${key.name} is written once`);
      values.set(key, value);
    },
  };
}
