// Longer than most files: one state machine, whose transitions are read side by side.
import type { WireError, WireEvent } from "./dialects/dialect.ts";
import type { Translation } from "./dialects/translate/translate.ts";
import { Answer, type AnswerKind, kindOf } from "./engine/answer.ts";
import type { AttemptState } from "./engine/attempt-context.ts";
import { join } from "./engine/body.ts";
import { type CallerHeaders, callerHeaders } from "./engine/caller-head.ts";
import { type Chain, createChain } from "./engine/chain.ts";
import { endsTheCall, resultOf, toUpstream, wasSent, withPlainNames } from "./engine/ending.ts";
import { renderEvent } from "./engine/event.ts";
import { createHold, type Gauge, type Hold } from "./engine/gauge.ts";
import { createOutcome, type Ended, retryAfterOf } from "./engine/outcome.ts";
import { StopSwitch } from "./engine/stop-switch.ts";
import { type ErrorCode, Refusal } from "./errors.ts";
import type { Attempt, AttemptRequest } from "./host.ts";
import { type Host, type HttpHead, noBytes, type Reply, type RequestHead } from "./http.ts";
import type { AttemptHooks, AttemptResult, Clock, Target } from "./step.ts";

/** What an attempt needs of its call. */
export interface AttemptOwner {
  readonly host: Host;
  readonly head: RequestHead;
  readonly clock: Clock;
  readonly gauge: Gauge;
  readonly limits: { readonly answer: number; readonly commit: number };
  /** Is the answer a model's, so that an empty one is none? */
  readonly generates: boolean;
  /** A provider's word for a record or a span: `undefined` unless it is a plain name with nothing to hide in it. */
  plain(word: string | undefined): string | undefined;
  /** Headers that the steps add for the caller, at commit. */
  answerHeaders(): Readonly<Record<string, string>>;
  /** `refusal`: it ends the call too (a budget, the deadline, an abort); no other target is tried. */
  ended(end: Ended, refusal: Refusal | undefined): void;
}

type State = Attempt["state"];

/** What leaves; the translation where the target speaks another dialect than the caller. */
export interface Outgoing {
  readonly request: AttemptRequest;
  readonly translation: Translation | undefined;
}

/** A provider's error is kept up to this size, to be passed on when no target is left. */
const errorLimit = 65_536;

export class RunningAttempt implements Attempt {
  readonly number: number;
  readonly target: Target;
  readonly request: AttemptRequest;
  state: State = "waiting";
  out: HttpHead = { status: 502, headers: {} };
  /** The provider's own error, restored; what the caller gets when no target is left. */
  kept: Reply | undefined;
  readonly #owner: AttemptOwner;
  readonly #context: AttemptState;
  readonly #hooks: readonly AttemptHooks[];
  readonly #translation: Translation | undefined;
  readonly #chain: Chain;
  readonly #hold: Hold;
  readonly #switch = new StopSwitch();
  readonly #startedAt: number;
  readonly #startedTicks: number;
  readonly #extra: Record<string, string> = {};
  #kind: AnswerKind = "empty";
  #answer: Answer | undefined;
  #head: HttpHead | undefined;
  #headTicks = 0;
  #out: Uint8Array[] = [];
  #cutting: Refusal | undefined;
  /** The protocol's own end has passed: what breaks behind it takes nothing away. */
  #complete = false;
  /** Told to the caller instead of the provider's answer. */
  #instead: Refusal | undefined;

  constructor(owner: AttemptOwner, context: AttemptState, outgoing: Outgoing, hooks: readonly AttemptHooks[]) {
    this.number = context.number;
    this.target = context.target;
    this.request = outgoing.request;
    this.#translation = outgoing.translation;
    this.#owner = owner;
    this.#context = context;
    this.#hooks = hooks;
    this.#chain = createChain(hooks, (event) => this.#emit(event));
    this.#hold = createHold(owner.gauge, owner.limits.answer, () => new Refusal("answer_too_large"));
    this.#startedAt = owner.clock.now();
    this.#startedTicks = owner.clock.ticks();
    context.onCut((refusal) => this.#cut(refusal));
  }

  get signal(): AbortSignal {
    return this.#switch.signal;
  }

  get waiting(): boolean {
    return this.state === "waiting";
  }

  onStop(callback: (reason: unknown) => void): void {
    this.#switch.onStop(callback);
  }

  /** Asks whoever moves the bytes to stop and to call `fail` with this reason. */
  stop(reason: Refusal): void {
    if (!this.over) this.#switch.stop(reason);
  }

  head(head: HttpHead): void {
    if (this.over || this.#head !== undefined) return;
    this.#head = head;
    this.#headTicks = this.#owner.clock.ticks();
    for (const hook of this.#hooks) Object.assign(this.#extra, hook.head?.(head));
    this.#kind = kindOf(head, this.#owner.head.method);
    if (this.#kind === "invalid") this.#instead = new Refusal("upstream_invalid");
    // Our own key was refused, and the provider's text may quote it.
    const denied = head.status === 401 || head.status === 403;
    const { apiKey, guarded = false } = this.target;
    if (denied && (apiKey !== undefined || guarded)) this.#instead = new Refusal("upstream_credentials");
    if (!this.#owner.host.takesBack) this.#commit();
    else if (this.#kind === "invalid") this.#end("rejected", "upstream_invalid", "rejected");
    if (this.#kind !== "empty" && this.#instead === undefined) this.#answer = this.#reader(this.#kind, head.status);
  }

  write(bytes: Uint8Array): Uint8Array {
    if (this.over) return noBytes;
    try {
      this.#answer?.write(bytes);
    } catch (cause) {
      return this.fail(cause);
    }
    return this.#drain();
  }

  end(): Uint8Array {
    if (this.over) return noBytes;
    if (this.#head === undefined) return this.fail(new Refusal("upstream_broken"));
    try {
      this.#answer?.end();
    } catch (cause) {
      return this.fail(cause);
    }
    if (this.over) return this.#drain();
    if (this.#kind === "events") return this.#endOfEvents();
    if (this.#kind === "error" && this.#owner.host.takesBack) return this.#keep(this.#head);
    if (this.waiting) this.#commit();
    const code = this.#kind === "error" ? "upstream_error" : this.#instead?.code;
    this.#end(code === undefined ? "answered" : "rejected", code, "ended");
    return this.#drain();
  }

  fail(cause: unknown): Uint8Array {
    if (this.over) return noBytes;
    if (this.#complete) return this.#endOfEvents();
    const refusal = toUpstream(cause);
    const result = resultOf(refusal.code, this.waiting);
    if (this.waiting) this.#end(result, refusal.code, "rejected", refusal);
    else if (this.#kind === "events") this.#terminate(refusal, result);
    else this.#end(result, refusal.code, "broken", refusal);
    return this.#drain();
  }

  idle(): Uint8Array {
    if (this.over || this.#kind !== "events") return noBytes;
    if (this.waiting) {
      if (this.#owner.clock.ticks() - this.#headTicks < this.#owner.limits.commit) return noBytes;
      this.#commit();
    }
    this.#out.push(this.#context.dialect.keepAlive);
    return this.#drain();
  }

  /** An error before content. */
  rejected(error: WireError): void {
    this.#end("rejected", "upstream_error", "rejected", undefined, error.status);
  }

  brokeOff(): void {
    this.#end("broken", "upstream_error", "ended");
  }

  passed(last: boolean): void {
    if (this.#cutting !== undefined && !this.over) this.#terminate(this.#cutting, "cut");
    else if (last) {
      this.#complete = true;
      if (this.waiting) this.#commit();
    }
  }

  get over(): boolean {
    return this.state !== "waiting" && this.state !== "committed";
  }

  #reader(kind: AnswerKind, status: number): Answer {
    const { dialect, wire } = this.#context;
    const { gauge, generates } = this.#owner;
    const errors = kind === "error" ? createHold(gauge, errorLimit, () => new Refusal("upstream_error")) : undefined;
    const parts = {
      wire,
      dialect,
      translation: this.#translation,
      status,
      context: this.#context,
      chain: this.#chain,
      hold: errors ?? this.#hold,
      generates,
    };
    return new Answer(kind, parts, this);
  }

  #emit(event: WireEvent): void {
    const bytes = renderEvent(event);
    this.#out.push(bytes);
    if (!this.waiting || this.#kind !== "events") return;
    this.#hold.add(bytes.length);
    if (this.#context.dialect.stage(event) === "content") this.#commit();
  }

  #endOfEvents(): Uint8Array {
    if (!this.#answer?.finished) return this.fail(new Refusal(this.waiting ? "upstream_invalid" : "upstream_broken"));
    if (this.waiting) this.#commit();
    this.#end("answered", undefined, "ended");
    return this.#drain();
  }

  #keep(head: HttpHead): Uint8Array {
    const { dialect } = this.#context;
    const headers = callerHeaders(head, dialect, this.#translation);
    const passed = { status: head.status, headers, body: join(this.#out) };
    this.kept = this.#instead === undefined ? passed : dialect.refusal(this.#instead, this.#owner.head);
    this.#out = [];
    this.#end("rejected", this.#instead?.code ?? "upstream_error", "rejected");
    return noBytes;
  }

  #cut(refusal: Refusal): void {
    if (this.over || this.#cutting !== undefined) return;
    this.#cutting = refusal;
    // Outside of an event (a reservation not granted in time) whoever moves the bytes has to be told.
    queueMicrotask(() => this.stop(refusal));
  }

  /** Channels first, then the dialect's own error event: never a false finish reason. */
  #terminate(refusal: Refusal, result: AttemptResult): void {
    if (this.waiting) {
      this.#end("rejected", refusal.code, "rejected", refusal);
      return;
    }
    try {
      this.#chain.close();
    } catch {
      // What a hook held back is lost with it; the terminal event still has to come.
    }
    this.#out.push(this.#context.dialect.terminal(refusal, { started: true, open: [] }));
    this.#end(result, refusal.code, "ended", refusal);
  }

  #commit(): void {
    const { dialect } = this.#context;
    const head = this.#head as HttpHead;
    const ours = this.#instead === undefined ? undefined : dialect.refusal(this.#instead, this.#owner.head);
    this.state = "committed";
    if (ours !== undefined) this.#out = [ours.body];
    const told: CallerHeaders = ours?.headers ?? callerHeaders(head, dialect, this.#translation);
    const headers = Object.assign(told, this.#extra, this.#owner.answerHeaders());
    const whole = this.#owner.host.takesBack && this.#kind === "whole";
    if (whole) headers["content-length"] = String(join(this.#out).length);
    this.out = { status: ours?.status ?? head.status, headers };
    this.#hold.release();
  }

  #drain(): Uint8Array {
    if (this.#out.length === 0 || this.waiting || this.state === "rejected") return noBytes;
    const bytes = join(this.#out);
    this.#out = [];
    return bytes;
  }

  #end(result: AttemptResult, code: ErrorCode | undefined, state: State, refusal?: Refusal, status?: number): void {
    const committed = this.state === "committed";
    this.state = state;
    this.#hold.release();
    const { clock } = this.#owner;
    const head = this.#head;
    this.#context.usage = withPlainNames(this.#context.usage, (word) => this.#owner.plain(word));
    const end = createOutcome(this.#context, this.#hooks, {
      result,
      code,
      committed,
      reason: this.#owner.plain(this.#answer?.error),
      sent: wasSent(refusal),
      status: status ?? head?.status,
      losses: this.#translation?.losses ?? [],
      retryAfter: head && retryAfterOf(head.headers, clock.now()),
      startedAt: this.#startedAt,
      firstByte: head && this.#headTicks - this.#startedTicks,
      duration: clock.ticks() - this.#startedTicks,
    });
    this.#owner.ended(end, endsTheCall(refusal) ? refusal : undefined);
  }
}
