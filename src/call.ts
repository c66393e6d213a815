// Longer than most files: one life from the head to the receipt, read from top to bottom.
import { type AttemptOwner, RunningAttempt } from "./attempt.ts";
import type { Dialect } from "./dialects/dialect.ts";
import { createDocument } from "./document.ts";
import { type AttemptState, Veto } from "./engine/attempt-context.ts";
import { collect } from "./engine/body.ts";
import { CallState } from "./engine/call-context.ts";
import type { Engine } from "./engine/engine.ts";
import { createHold, type Hold } from "./engine/gauge.ts";
import { Hooks } from "./engine/hooks.ts";
import { openAttempt } from "./engine/opening.ts";
import type { Ended } from "./engine/outcome.ts";
import { Settlement } from "./engine/settlement.ts";
import { Refusal } from "./errors.ts";
import { checkBodyHead } from "./headers.ts";
import type { Attempt, Call } from "./host.ts";
import { type Host, noBytes, type Reply, type RequestHead } from "./http.ts";
import type { Document } from "./slot.ts";
import type { AttemptOutcome, Picked, Receipt, Target } from "./step.ts";

/** What a model or an error may be called. */
const name = /^[\w.:/@-]{1,128}$/;

export class RunningCall implements Call, AttemptOwner {
  readonly id: string;
  readonly admitted: Promise<number>;
  readonly receipt: Promise<Receipt>;
  readonly keepAlive: number;
  readonly host: Host;
  readonly head: RequestHead;
  readonly clock: Engine["parts"]["clock"];
  readonly gauge: Engine["gauge"];
  readonly limits: Engine["limits"];
  readonly #dialect: Dialect;
  readonly #dialects: readonly Dialect[];
  readonly #state: CallState;
  readonly #hooks: Hooks;
  readonly #hold: Hold;
  readonly #settlement: Settlement;
  #document: Document | undefined;
  #slots: Document["slots"] | undefined;
  #bytes: Uint8Array = noBytes;
  #current: RunningAttempt | undefined;
  #kept: Reply | undefined;
  #reply: Reply | undefined;
  #last: AttemptOutcome | undefined;
  #opening = false;
  #aborted: Refusal | undefined;
  #cancelDeadline: (() => void) | undefined;

  constructor(engine: Engine, head: RequestHead, dialect: Dialect, host: Host) {
    this.#dialect = dialect;
    this.#dialects = engine.dialects;
    // What passes by itself cannot be taken back either.
    this.host = { mutates: host.mutates, takesBack: host.takesBack && host.mutates };
    this.head = head;
    this.clock = engine.parts.clock;
    this.gauge = engine.gauge;
    this.limits = engine.limits;
    this.keepAlive = Math.min(engine.limits.keepAlive, engine.limits.commit);
    const mode = host.mutates ? engine.mode : "observe";
    this.#state = new CallState(head, dialect, engine.parts, { mode, deadline: engine.deadline });
    this.id = this.#state.id;
    this.#hooks = new Hooks(engine.steps, this.#state, host.mutates);
    this.#hold = createHold(
      engine.gauge,
      engine.limits.body,
      () => new Refusal("body_too_large", { limit: engine.limits.body }),
    );
    this.#settlement = new Settlement(this.#state, this.#hooks, engine);
    this.receipt = this.#settlement.receipt;
    this.admitted = this.#admit();
  }

  get summary() {
    return this.#settlement.summary;
  }

  get generates(): boolean {
    return this.#state.ask.operation === "chat";
  }

  plain(word: string | undefined): string | undefined {
    return word !== undefined && name.test(word) && this.#settlement.told(word) === word ? word : undefined;
  }

  answerHeaders(): Readonly<Record<string, string>> {
    return this.#settlement.headers();
  }

  async receive(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    if ((await this.admitted) === 0 || this.#settlement.settled) return;
    try {
      this.#bytes = await this.#read(body);
      if (this.#settlement.settled) return;
      const bodyless = this.head.method === "GET" || this.head.method === "HEAD";
      if (!bodyless) this.#document = createDocument(this.#bytes, this.#dialect.requestRules, { nested: true });
      this.#readAsk();
      const answer = this.#hooks.run((hooks) => {
        this.#readAgain();
        return hooks.request?.(this.#document);
      });
      const reply = answer instanceof Promise ? await answer : answer;
      if (reply !== undefined) this.#answer(reply);
      else this.#readAgain();
    } catch (cause) {
      this.#refuse(cause);
    }
  }

  async next(asked?: Picked): Promise<Attempt | undefined> {
    if (this.#settlement.settled || this.#opening) return undefined;
    this.#opening = true;
    try {
      const attempt = await this.#openNext(asked);
      if (attempt !== undefined) return attempt;
      this.#giveUp();
    } catch (cause) {
      this.#refuse(cause);
    } finally {
      this.#opening = false;
    }
    return undefined;
  }

  reply(): Reply {
    const refusal = this.#settlement.refusal ?? new Refusal(this.#last?.code ?? "internal_error");
    const reply = this.#reply ?? this.#dialect.refusal(refusal, this.head);
    return { ...reply, headers: { ...reply.headers, ...this.#settlement.headers() } };
  }

  /** The caller is gone; or the gateway ends the call with a `Refusal`: then whoever moves the bytes still passes on what it is told. */
  abort(cause: unknown): void {
    if (this.#settlement.settled || this.#aborted !== undefined) return;
    const reason = cause instanceof Refusal ? cause : new Refusal("call_aborted");
    this.#aborted = reason;
    this.#state.end();
    const attempt = this.#current;
    if (attempt !== undefined && !attempt.over) {
      attempt.stop(reason);
      attempt.fail(reason);
    } else if (!this.#opening) this.#refuse(reason);
  }

  ended(end: Ended, refusal: Refusal | undefined): void {
    const { outcome } = end;
    this.#settlement.add(end);
    this.#last = outcome;
    if (this.#current?.kept !== undefined) this.#kept = this.#current.kept;
    if (refusal !== undefined && !outcome.committed) this.#refuse(refusal);
    else if (outcome.committed || !this.host.mutates) this.#settle(outcome, this.#current?.out.status ?? 502);
  }

  async #admit(): Promise<number> {
    try {
      if (this.#dialect.operation(this.head) === undefined) throw new Refusal("method_not_allowed");
      const answer = this.#hooks.run((hooks) => hooks.head?.());
      const reply = answer instanceof Promise ? await answer : answer;
      if (reply !== undefined) this.#answer(reply);
      else checkBodyHead(this.head, this.limits.body);
      return reply === undefined ? this.limits.body : 0;
    } catch (cause) {
      this.#refuse(cause);
      return 0;
    }
  }

  #readAsk(): void {
    this.#slots = this.#document?.slots;
    this.#state.ask = this.#dialect.ask(this.head, this.#document);
  }

  /** Where a step changed what is asked, those below it see that, and its bytes are what bounds the tokens. */
  #readAgain(): void {
    const document = this.#document;
    if (document === undefined || document.slots === this.#slots) return;
    if (this.host.mutates) {
      const bytes = document.render();
      this.#hold.add(Math.max(0, bytes.length - this.#bytes.length));
      this.#bytes = bytes;
    }
    this.#readAsk();
  }

  async #read(body: Uint8Array | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
    if (body instanceof Uint8Array) {
      this.#hold.add(body.length);
      return body;
    }
    this.#watchDeadline();
    try {
      return await this.#whileRunning(collect(body, this.#hold, () => this.#settlement.settled));
    } catch (cause) {
      throw cause instanceof Refusal ? cause : new Refusal("call_aborted");
    }
  }

  /** An upload may never end; the call does. */
  #whileRunning(reading: Promise<Uint8Array>): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      reading.then(resolve, reject);
      this.#state.onEnd(() => resolve(noBytes));
    });
  }

  #watchDeadline(): void {
    this.#cancelDeadline ??= this.clock.after(this.#state.remaining(), () => {
      const refusal = new Refusal("deadline_exceeded");
      if (this.#current !== undefined) this.#current.stop(refusal);
      else if (!this.#opening) this.#refuse(refusal);
    });
  }

  async #openNext(asked: Picked | undefined): Promise<RunningAttempt | undefined> {
    for (;;) {
      const choice = this.#hooks.next(this.#last, asked);
      const target = choice instanceof Promise ? await choice : choice;
      if (this.#aborted !== undefined) throw this.#aborted;
      if (target === undefined) return undefined;
      const attempt = await this.#attempt(target);
      if (attempt !== undefined) return attempt;
    }
  }

  async #attempt(target: Target): Promise<RunningAttempt | undefined> {
    const opened = await openAttempt(target, this.#settlement.attempts + 1, {
      owner: this,
      state: this.#state,
      hooks: this.#hooks,
      dialects: this.#dialects,
      document: this.#document,
      bytes: this.#bytes,
      aborted: () => this.#aborted,
      started: (attempt, context) => this.#started(attempt, context),
    });
    if (opened instanceof RunningAttempt) return opened;
    this.#last = opened.end.outcome;
    this.#settlement.add(opened.end);
    if (opened.cause instanceof Veto) return undefined;
    throw opened.cause;
  }

  #started(attempt: RunningAttempt, context: AttemptState): void {
    this.#current = attempt;
    this.#settlement.live = context;
    this.#settlement.left();
    this.#watchDeadline();
  }

  #giveUp(): void {
    if (this.#kept === undefined) {
      this.#refuse(new Refusal(this.#last?.code ?? "no_target"));
      return;
    }
    this.#reply = this.#kept;
    this.#settlement.fail(this.#last?.code ?? "upstream_error", this.#kept.status);
    this.#finish();
  }

  #answer(reply: Reply): void {
    this.#reply = reply;
    this.#settlement.answer(reply.status);
    this.#finish();
  }

  #refuse(cause: unknown): void {
    if (this.#settlement.settled) return;
    this.#settlement.refuse(cause);
    this.#finish();
  }

  #settle(outcome: AttemptOutcome, status: number): void {
    this.#settlement.end(outcome, status);
    this.#finish();
  }

  /** The call is over: what it held is given back; the receipt follows when the stores are done. */
  #finish(): void {
    this.#cancelDeadline?.();
    this.#hold.release();
    this.#state.end();
  }
}
