import type { ConfigInput } from "../../src/config/schema.ts";
import { schema } from "../../src/config/schema.ts";
import type { Ask, Dialect } from "../../src/dialects/dialect.ts";
import type { Refusal } from "../../src/errors.ts";
import type { Caller } from "../../src/facts.ts";
import type { HeaderMap } from "../../src/http.ts";
import { createHealth, type Health } from "../../src/routing/health.ts";
import { createRouting } from "../../src/routing/routing.ts";
import type { AttemptOutcome, CallContext, CallHooks, Parts, Target } from "../../src/step.ts";
import { createCallContext, plainTarget, ScriptedAttempt } from "../doubles/attempt.ts";
import { createFakeClock, type FakeClock } from "../doubles/clock.ts";

export const openai = { name: "openai-chat", provider: "openai" } as const;
export const anthropic = { name: "anthropic-messages", provider: "anthropic" } as const;

export const target = (name: string, change: Partial<Target> = {}): Target => ({
  ...plainTarget,
  name,
  apiKey: `key of ${name}`,
  baseUrl: `https://${name}.example/v1`,
  ...change,
});

export const refusalOf = (action: () => unknown): Refusal | undefined => {
  try {
    action();
    return undefined;
  } catch (cause) {
    return cause as Refusal;
  }
};

/** Outcomes by what happened, as the engine tells them. */
export const happened = {
  answered: { result: "answered" },
  unreachable: { result: "rejected", code: "upstream_unreachable", status: undefined, committed: false },
  timeout: { result: "rejected", code: "upstream_timeout", status: undefined, committed: false },
  empty: { result: "rejected", code: "upstream_invalid", status: 200, committed: false },
  inBand: { result: "rejected", code: "upstream_error", status: 500, committed: false },
  torn: { result: "broken", code: "upstream_broken", status: 200, committed: true },
  vetoed: { result: "vetoed", code: undefined, status: undefined, committed: false, sent: false },
  aborted: { result: "aborted", code: "call_aborted", status: undefined, committed: false },
  cut: { result: "cut", code: "budget_exceeded", status: 200, committed: true },
  tooLarge: { result: "rejected", code: "answer_too_large", status: 200, committed: false },
  badKey: { result: "rejected", code: "upstream_credentials", status: 401, committed: false },
  status: (status: number, retryAfter?: number) =>
    ({ result: "rejected", code: "upstream_error", status, committed: false, retryAfter }) as const,
} as const satisfies Record<string, Partial<AttemptOutcome> | ((...args: number[]) => Partial<AttemptOutcome>)>;

interface SceneOptions {
  readonly models?: ConfigInput["models"];
  readonly routing?: ConfigInput["routing"];
  readonly targets?: readonly Target[];
  readonly access?: ConfigInput["access"];
  readonly random?: () => number;
  readonly translates?: boolean;
}

interface CallOptions {
  readonly caller?: Partial<Caller>;
  readonly ask?: Partial<Ask>;
  readonly dialect?: Partial<Dialect>;
  readonly headers?: HeaderMap;
  readonly mode?: CallContext["mode"];
}

/** One call as the engine leads it through routing. */
export class RoutedCall {
  readonly hooks: CallHooks;
  readonly context: CallContext;
  last: AttemptOutcome | undefined;
  attempt: ScriptedAttempt | undefined;
  readonly #ends: (() => void)[] = [];
  #count = 0;

  constructor(open: (call: CallContext) => CallHooks, clock: FakeClock, deadline: number, options: CallOptions) {
    const began = clock.ticks();
    const context = createCallContext({ ...options, dialect: options.dialect ?? openai });
    this.context = {
      ...context,
      head: { ...context.head, headers: options.headers ?? {} },
      remaining: () => Math.max(0, deadline - (clock.ticks() - began)),
      onEnd: (callback) => {
        this.#ends.push(callback);
      },
    };
    this.hooks = open(this.context);
  }

  request(): Refusal | undefined {
    return refusalOf(() => this.hooks.request?.(undefined));
  }

  /** Who is tried next. */
  next(asked?: string): Target | undefined | Promise<Target | undefined> {
    return this.hooks.next?.(this.last, asked);
  }

  /** An attempt at the target begins. */
  async open(target: Target | undefined): Promise<ScriptedAttempt> {
    if (target === undefined) throw new Error("there is no target to try");
    this.attempt = new ScriptedAttempt(this.context, { number: ++this.#count, target });
    return this.attempt.open(this.hooks);
  }

  /** The target is tried, and this is what comes of it. */
  async try(target: Target | undefined, ending: Partial<AttemptOutcome>): Promise<void> {
    this.last = await (await this.open(target)).end(ending);
  }

  /** Tries who is next, as often as something is to come of it; names whom. */
  async through(...endings: readonly Partial<AttemptOutcome>[]): Promise<string[]> {
    const names: string[] = [];
    for (const ending of endings) {
      const target = await this.next();
      if (target === undefined) break;
      names.push(target.name);
      await this.try(target, ending);
    }
    return names;
  }

  /** The caller is gone, or the call is over. */
  end(): void {
    for (const end of this.#ends) end();
  }
}

/** A gateway's routing under a clock that the test moves. */
export function createScene(options: SceneOptions = {}) {
  const clock = createFakeClock();
  const parts = { clock, random: options.random ?? (() => 0.5) } as unknown as Parts;
  const health: Health = createHealth(parts);
  const open = (changed: SceneOptions = options) => {
    const config = schema.parse({ models: changed.models, routing: changed.routing, access: changed.access });
    const named = new Map((changed.targets ?? []).map((one) => [one.name, one]));
    const step = createRouting(config, named, parts, health, { translates: changed.translates ?? false });
    return (call: CallOptions = {}): RoutedCall =>
      new RoutedCall((context) => step.open(context), clock, config.routing.deadline, call);
  };
  return { clock, health, reload: open, call: open() };
}

/** An alias over these targets, in order. */
export const alias = (...names: readonly string[]) => ({ targets: names.map((name) => ({ target: name })) });
