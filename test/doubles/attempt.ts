import type { Ask, AskChange, Dialect, Usage, WireEvent } from "../../src/dialects/dialect.ts";
import { bareAsk, noUsage } from "../../src/dialects/dialect.ts";
import type { Refusal } from "../../src/errors.ts";
import { type Caller, createFacts, facts } from "../../src/facts.ts";
import { type HttpHead, noBytes } from "../../src/http.ts";
import type {
  AttemptContext,
  AttemptHooks,
  AttemptOutcome,
  CallContext,
  CallHooks,
  Emit,
  Logger,
  Rates,
  Receipt,
  Step,
  Target,
} from "../../src/step.ts";

export const plainAsk: Ask = { ...bareAsk, operation: "chat", model: "gpt-5-mini" };

export const plainTarget: Target = {
  name: "openai",
  provider: "openai",
  baseUrl: "https://api.openai.com/v1",
  model: undefined,
  apiKey: "key",
  headers: {},
  trusted: false,
  timeouts: { connect: 1_000, firstByte: 1_000, idle: 1_000 },
};

/** What an event without an `original` of its own stands for. */
export const someEvent: WireEvent = { original: noBytes, name: undefined, data: noBytes, document: () => undefined };

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly fields: object;
  readonly message: string;
}

/** A logger that remembers. */
export function createLog(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: LogLine["level"]) => (fields: object, message: string) => {
    lines.push({ level, fields, message });
  };
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

interface CallOptions {
  readonly id?: string;
  readonly ask?: Partial<Ask>;
  readonly mode?: CallContext["mode"];
  readonly caller?: Partial<Caller>;
  readonly dialect?: Partial<Dialect>;
}

let calls = 0;

/** The context that an engine would give to steps. */
export function createCallContext(options: CallOptions = {}): CallContext {
  const known = createFacts();
  known.set(facts.caller, {
    key: "web",
    attributes: {},
    models: undefined,
    maxOutputTokens: undefined,
    ownKey: false,
    ...options.caller,
  });
  return {
    id: options.id ?? `call-${++calls}`,
    head: { method: "POST", url: "/v1/chat/completions", headers: {} },
    dialect: (options.dialect ?? {}) as Dialect,
    ask: { ...plainAsk, ...options.ask },
    startedAt: 0,
    parent: { traceId: "0".repeat(32), parentId: undefined, sampled: false },
    facts: known,
    mode: options.mode ?? "enforce",
    remaining: () => 600_000,
    onEnd: () => {},
  };
}

interface AttemptOptions {
  readonly number?: number;
  readonly target?: Partial<Target>;
  readonly size?: number;
  readonly rates?: Rates;
}

/** An attempt whose provider the test plays. Like the engine's own it ignores changes and cuts where the call only observes. */
export class ScriptedAttempt implements AttemptContext {
  readonly number: number;
  readonly target: Target;
  readonly dialect: Dialect;
  readonly size: number;
  asked: Ask;
  usage: Usage = noUsage;
  flowed = 0;
  rates: Rates | undefined;
  /** Why the answer was cut. */
  refusal: Refusal | undefined;
  /** What reached the caller. */
  readonly emitted: WireEvent[] = [];
  readonly changes: AskChange[] = [];
  readonly #call: CallContext;
  #charged: bigint | undefined;
  #hooks: AttemptHooks[] = [];

  constructor(call: CallContext, options: AttemptOptions = {}) {
    this.#call = call;
    this.number = options.number ?? 1;
    this.target = { ...plainTarget, ...options.target };
    this.dialect = call.dialect;
    this.size = options.size ?? 100;
    this.asked = call.ask;
    this.rates = options.rates;
  }

  get cost(): bigint {
    return this.#charged ?? this.rates?.cost(this.usage) ?? 0n;
  }

  price(rates: Rates): void {
    this.rates = rates;
  }

  ask(change: AskChange): void {
    if (this.#call.mode === "observe") return;
    this.changes.push(change);
    this.asked = { ...this.asked, ...change };
  }

  set(): void {}
  header(): void {}

  veto(reason: string): never {
    throw new Error(reason);
  }

  cut(refusal: Refusal): void {
    if (this.#call.mode === "enforce") this.refusal ??= refusal;
  }

  charge(cost: bigint): void {
    this.#charged = cost;
  }

  /** Runs the attempt hooks in order; rejects with the first refusal. */
  async open(...hooks: readonly CallHooks[]): Promise<this> {
    for (const one of hooks) {
      const opened = await one.attempt?.(this);
      if (opened) this.#hooks.push(opened);
    }
    return this;
  }

  /** The provider's head comes. */
  head(head: HttpHead): void {
    for (const hook of this.#hooks) hook.head?.(head);
  }

  /** One event of the answer comes: `tokens` more have flowed, and `usage` is reported. True when the caller gets it. */
  event(tokens: number, usage: Partial<Usage> = {}, event: WireEvent = someEvent): boolean {
    this.flowed += tokens;
    this.usage = { ...this.usage, ...usage };
    const before = this.emitted.length;
    const push = (index: number): Emit => {
      if (index < 0) return (last) => void this.emitted.push(last);
      return (passed) => {
        const hook = this.#hooks[index]?.event;
        if (hook) hook.call(this.#hooks[index], passed, push(index - 1));
        else push(index - 1)(passed);
      };
    };
    push(this.#hooks.length - 1)(event);
    return this.emitted.length > before;
  }

  /** The attempt ends; resolves when every step is done with it. */
  async end(ending: Partial<AttemptOutcome> = {}): Promise<AttemptOutcome> {
    const context = this;
    const outcome: AttemptOutcome = {
      number: this.number,
      target: this.target.name,
      provider: this.target.provider,
      model: this.asked.model,
      result: "answered",
      code: undefined,
      status: 200,
      reason: undefined,
      losses: [],
      retryAfter: undefined,
      sent: true,
      committed: true,
      usage: this.usage,
      flowed: this.flowed,
      startedAt: 0,
      firstByte: 1,
      duration: 2,
      ...ending,
      get cost() {
        return context.cost;
      },
    };
    const pending: (void | Promise<void>)[] = [];
    for (const hook of this.#hooks) pending.push(hook.done?.(outcome));
    await Promise.all(pending);
    return outcome;
  }
}

/** A reported final usage. */
export const finalUsage = (input: number, output: number, more: Partial<Usage> = {}): Usage => ({
  ...noUsage,
  input,
  output,
  final: true,
  ...more,
});

/** Opens one call in the given steps, as an engine does, and an attempt in it. */
export async function attemptThrough(
  steps: readonly Step[],
  call: CallContext,
  options: AttemptOptions = {},
): Promise<{ readonly attempt: ScriptedAttempt; readonly hooks: readonly CallHooks[] }> {
  const hooks = steps.map((step) => step.open(call));
  const attempt = await new ScriptedAttempt(call, options).open(...hooks);
  return { attempt, hooks };
}

/** A receipt of a call with these attempts, as steps get it when the call settles. */
export function receiptOf(call: CallContext, attempts: readonly AttemptOutcome[]): Receipt {
  return {
    id: call.id,
    outcome: "answered",
    status: 200,
    code: undefined,
    dialect: "openai-chat",
    operation: call.ask.operation,
    model: call.ask.model,
    stream: call.ask.stream,
    target: attempts.at(-1)?.target,
    attempts,
    usage: attempts.at(-1)?.usage ?? noUsage,
    cost: attempts.reduce((sum, { cost }) => sum + cost, 0n),
    findings: [],
    budget: undefined,
    key: undefined,
    attributes: {},
    startedAt: 0,
    duration: 1,
    overhead: 0,
    observed: [],
  };
}
