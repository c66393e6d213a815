// Longer than most files: all that the author of a step has to know, and no code.
import type { Ask, AskChange, Dialect, Provider, Usage, WireEvent } from "./dialects/dialect.ts";
import type { ErrorCode, Refusal } from "./errors.ts";
import type { Attributes, Facts, FindingCount, PromptUsed } from "./facts.ts";
import type { HttpHead, Reply, RequestHead } from "./http.ts";
import type { Document, Path, Scalar } from "./slot.ts";
import type { Stores } from "./stores/stores.ts";

/** Milliseconds everywhere; injected, so that tests own the time. */
export interface Clock {
  /** Since the epoch. */
  now(): number;
  /** Monotonic, with fractions. */
  ticks(): number;
  /** Calls back once after `ms`; returns what cancels it. Never keeps the process alive. */
  after(ms: number, callback: () => void): () => void;
}

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What long-lived parts are given at creation. */
export interface Parts {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly stores: Stores;
}

export interface Timeouts {
  readonly connect: number;
  /** Until the answer's first byte after the head was awaited: status line included. */
  readonly firstByte: number;
  /** Between two chunks of an answer. */
  readonly idle: number;
}

export type TargetAuth = "bearer" | "api-key" | "x-api-key" | "none";

/** The target that a host picked by name; or the one at whose `address` a client was pointed, unless an alias says itself where it is served. */
export type Picked = string | { readonly address: string };

/** Where to send. */
export interface Target {
  readonly name: string;
  readonly provider: Provider;
  /** Ends in the version segment, without a slash: `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  /** What to call the model there; `undefined`: as the caller named it. */
  readonly model: string | undefined;
  /** The operator's key; `undefined`: the caller's own credential goes along. */
  readonly apiKey: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** It may get personal data, never a secret. */
  readonly trusted: boolean;
  readonly timeouts: Timeouts;
  /** `headers` hold a secret of the operator's: like one with a key it is for callers with a virtual key alone. */
  readonly guarded?: boolean;
  /** How `apiKey` is shown; `none`: no credential goes along, not even the caller's own. `undefined`: as the provider's wire has it. */
  readonly auth?: TargetAuth | undefined;
  /** Where chats go below `baseUrl`, `{model}` in place of the model's name; `undefined`: the wire's own path. */
  readonly path?: string | undefined;
  /** Encoded, without `?`; added to every request. */
  readonly query?: string;
  /** `false`: the server refuses `stream_options`, so a stream is not asked for its usage. */
  readonly streamUsage?: boolean;
  /** The one name under which the server takes the limit of output tokens; `undefined`: as the model has it. */
  readonly maxTokensField?: "max_tokens" | "max_completion_tokens" | undefined;
  /** Where it processes what it gets; `undefined`: nobody said, so what is pinned to a region never goes there. */
  readonly region?: string | undefined;
  /** When translating a call for it would lose something: `name` that, or `refuse`, so that it is vetoed. Absent: `name`. */
  readonly losses?: "name" | "refuse";
}

/** What a target charges, in pico-dollars (10⁻¹² $), so that all money is exact integers. */
export interface Rates {
  /** The cost of a usage, tiers and cache prices included. */
  cost(usage: Usage): bigint;
  /** The most that `input` plus `output` tokens of any kind can cost: the dearest tier, no cache discount. */
  bound(input: number, output: number): bigint;
  /** How many output tokens `money` buys at most, after `input` tokens; 0 where the input alone is dearer. */
  affordable(money: bigint, input: number): number;
  /** `bound` bounds whatever the call may cost. Absent: it does. */
  readonly bounded?: boolean;
  /** All that a usage tells has a price; else `cost` counts it as something that has. Absent: it has. */
  knows?(usage: Usage): boolean;
}

export type AttemptResult = "answered" | "rejected" | "vetoed" | "broken" | "cut" | "aborted";

/** How one attempt ended. */
export interface AttemptOutcome {
  readonly number: number;
  readonly target: string;
  readonly provider: Provider;
  readonly model: string;
  readonly result: AttemptResult;
  /** Why, unless answered. */
  readonly code: ErrorCode | undefined;
  /** The provider's status, where its head came. */
  readonly status: number | undefined;
  /** Type or code that the provider's error named, if it is a plain identifier; for a veto its reason. */
  readonly reason: string | undefined;
  /** The provider's `retry-after` (or `retry-after-ms`), in milliseconds. */
  readonly retryAfter: number | undefined;
  /** The request's bytes were handed to the network. */
  readonly sent: boolean;
  /** Content was emitted to the caller. */
  readonly committed: boolean;
  /** Places of the request and the answer that its translation could not carry; see `translate/losses.ts`. */
  readonly losses: readonly string[];
  readonly usage: Usage;
  readonly flowed: number;
  /** What the provider charges for it, as far as known: from reported usage, else by the rules for broken answers. */
  readonly cost: bigint;
  readonly startedAt: number;
  /** Milliseconds from the attempt's start to its first byte and to its end. */
  readonly firstByte: number | undefined;
  readonly duration: number;
}

export type CallOutcome = "answered" | "refused" | "failed" | "cut" | "aborted";

/** How a call ended and what it cost. */
export interface Receipt {
  readonly id: string;
  readonly outcome: CallOutcome;
  readonly status: number;
  readonly code: ErrorCode | undefined;
  readonly dialect: string;
  readonly operation: string;
  readonly model: string;
  /** The prompt that the call was made of, if any. */
  readonly prompt?: PromptUsed | undefined;
  readonly stream: boolean;
  readonly target: string | undefined;
  readonly attempts: readonly AttemptOutcome[];
  /** The committed attempt's, or the last one's. */
  readonly usage: Usage;
  /** Of all attempts, pico-dollars. */
  readonly cost: bigint;
  /** The tightest budget that applied, and what was left of it when the call's money was reserved. */
  readonly budget: { readonly name: string; readonly left: bigint } | undefined;
  readonly findings: readonly FindingCount[];
  readonly key: string | undefined;
  readonly attributes: Attributes;
  readonly startedAt: number;
  readonly duration: number;
  /** Milliseconds that the gateway itself took before the first attempt left. */
  readonly overhead: number;
  /** `observe`: what enforcing would have refused. */
  readonly observed: readonly ErrorCode[];
}

/** The receipt so far; readable at any time. */
export type Summary = Pick<
  Receipt,
  "id" | "model" | "target" | "usage" | "cost" | "findings" | "attempts" | "overhead"
>;

/** W3C trace context of the caller, or one that begins here. `traceparent` is what goes to the provider, if anything. */
export interface TraceParent {
  readonly traceId: string;
  readonly parentId: string | undefined;
  readonly sampled: boolean;
}

export interface CallContext {
  readonly id: string;
  readonly head: RequestHead;
  readonly dialect: Dialect;
  /** After `receive`; in `head` hooks only `operation` is final. */
  readonly ask: Ask;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly parent: TraceParent;
  readonly facts: Facts;
  /** `observe`: refusals of every step but access are recorded, not made; edits are not made. */
  readonly mode: "enforce" | "observe";
  /** Milliseconds left of the one deadline for all attempts. */
  remaining(): number;
  /** Calls back once, when the call is over for whatever reason: what waits (a `retry-after`) stops waiting then. */
  onEnd(callback: () => void): void;
}

export interface AttemptContext {
  readonly number: number;
  readonly target: Target;
  /** The caller's dialect, in which the steps see the answer, whatever the target speaks. */
  readonly dialect: Dialect;
  /** The call's ask with the changes made for this attempt. */
  readonly asked: Ask;
  /** Bytes of the body as it came: an upper bound of its tokens, images apart. */
  readonly size: number;
  /** Live: reported so far. */
  readonly usage: Usage;
  /** Live: upper bound of output tokens that flowed so far. */
  readonly flowed: number;
  /** Metering sets them, everyone reads them; `undefined`: no price is known. */
  readonly rates: Rates | undefined;
  price(rates: Rates): void;
  /** Live: `rates.cost(usage)`, 0 without rates. */
  readonly cost: bigint;
  ask(change: AskChange): void;
  set(path: Path, value: Scalar): void;
  /** Adds a header to the provider's request. */
  header(name: string, value: string): void;
  /** Skips this target; routing is asked for the next. Throws, so nothing after it runs. */
  veto(reason: string): never;
  /** Ends the answer now, with this refusal as its terminal event; before content the attempt is rejected with it. */
  cut(refusal: Refusal): void;
  /** Replaces the cost of the outcome, for an attempt whose usage was never reported. */
  charge(cost: bigint): void;
}

export type Emit = (event: WireEvent) => void;

/** State of one attempt lives in the closure that made the hooks; nothing is shared between two. */
export interface AttemptHooks {
  /** The provider's head came. The return value is merged into the caller's headers when the attempt commits. */
  head?(head: HttpHead): Readonly<Record<string, string>> | void;
  /**
   * Bottom-up: one SSE event, or the whole body. Pass it on with `emit`, edited or not, once, several times or not at all.
   * A step that holds text back must release it for the channels in `dialect.closes(event, held)` before or within this event.
   */
  event?(event: WireEvent, emit: Emit): void;
  /** The stream ends without having closed its channels (cut, broken, or no terminal event): release what was held back. */
  close?(emit: Emit): void;
  /** For each attempt hook that ran, vetoed ones too. A promise holds back the receipt, not the caller. */
  done?(outcome: AttemptOutcome): void | Promise<void>;
}

type Answered<T> = T | void | Promise<T | void>;

/** What a concern does in one call. Hooks run in the order of the steps; a `Refusal` thrown ends the call, a `Reply` returned answers it. */
export interface CallHooks {
  /** Before the body is read. */
  head?(): Answered<Reply>;
  /** `document` is undefined for a bodyless operation (`models`). */
  request?(document: Document | undefined): Answered<Reply>;
  /** Routing alone has it: who is tried next; `undefined` ends the call with what the last attempt left. It may wait. */
  next?(last: AttemptOutcome | undefined, asked: Picked | undefined): Target | undefined | Promise<Target | undefined>;
  /** A `Refusal` ends the call, `veto()` this attempt. */
  attempt?(attempt: AttemptContext): Answered<AttemptHooks>;
  /** Headers for the caller on every answer, refusals too; whole answers already know their cost. */
  answer?(summary: Summary): Readonly<Record<string, string>> | void;
  /** Always, once, refused calls too. What it throws is logged by code and dropped. */
  settle?(receipt: Receipt): void | Promise<void>;
}

/**
 * One concern, made from a config and long-lived. Opened for every call.
 * @example const tag: Step = { name: "tag", open: () => ({ attempt: (a) => { a.header("x-team", "search"); } }) };
 */
export interface Step {
  readonly name: string;
  open(call: CallContext): CallHooks;
  /** Releases what it holds (timers, files). */
  close?(): void | Promise<void>;
}
