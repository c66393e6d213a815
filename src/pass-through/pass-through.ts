import type { Dialect } from "../dialects/dialect.ts";
import { noUsage } from "../dialects/dialect.ts";
import { CallState } from "../engine/call-context.ts";
import { toUpstream, wasSent } from "../engine/ending.ts";
import type { Engine } from "../engine/engine.ts";
import { Hooks } from "../engine/hooks.ts";
import { Settlement } from "../engine/settlement.ts";
import { StopSwitch } from "../engine/stop-switch.ts";
import { type ErrorCode, Refusal } from "../errors.ts";
import { facts } from "../facts.ts";
import type { PassThrough } from "../host.ts";
import type { HttpHead, Reply, RequestHead } from "../http.ts";
import type { AttemptResult, Step, Target } from "../step.ts";
import { toCaller, toProvider } from "./request.ts";
import type { Entry, PassThroughRules } from "./rules.ts";

/** Steps that only know what to do with a body that is read. */
const inspecting: ReadonlySet<string> = new Set(["prompts", "routing", "metering", "budgets"]);

export interface PassThroughParts {
  readonly engine: Engine;
  readonly rules: PassThroughRules;
  readonly entry: Entry;
  /** The one that the caller speaks, as far as its head tells. */
  readonly dialect: Dialect;
}

/** One request that is forwarded as it is, settled exactly once. */
export class RunningPassThrough implements PassThrough {
  readonly id: string;
  readonly receipt: Settlement["receipt"];
  readonly admitted: Promise<RequestHead | undefined>;
  readonly #parts: PassThroughParts;
  readonly #state: CallState;
  readonly #hooks: Hooks;
  readonly #settlement: Settlement;
  readonly #switch = new StopSwitch();
  #target: Target | undefined;
  #reply: Reply | undefined;
  #status: number | undefined;
  #firstByte: number | undefined;
  #left = 0;

  constructor(head: RequestHead, parts: PassThroughParts) {
    const { engine, dialect } = parts;
    this.#parts = parts;
    this.#state = new CallState(head, dialect, engine.parts, { mode: engine.mode, deadline: engine.deadline });
    this.id = this.#state.id;
    const steps: readonly Step[] = engine.steps.filter(({ name }) => !inspecting.has(name));
    this.#hooks = new Hooks(steps, this.#state, true);
    this.#settlement = new Settlement(this.#state, this.#hooks, engine, "pass_through");
    this.receipt = this.#settlement.receipt;
    this.admitted = this.#admit();
  }

  head(head: HttpHead): HttpHead | undefined {
    if (this.#settlement.settled) return undefined;
    // Node reads such a status, and throws where it is to write it.
    if (head.status < 100) {
      this.fail(new Refusal("upstream_invalid", { reason: "status" }));
      return undefined;
    }
    this.#status = head.status;
    this.#firstByte = this.#state.elapsed() - this.#left;
    const target = this.#target as Target;
    const { apiKey, guarded = false } = target;
    // Our own key was refused, and the provider's text may quote it.
    if ((head.status === 401 || head.status === 403) && (apiKey !== undefined || guarded)) {
      this.fail(new Refusal("upstream_credentials"));
      return undefined;
    }
    return { status: head.status, headers: { ...toCaller(head, target), ...this.#settlement.headers() } };
  }

  end(): void {
    const failed = this.#status === undefined || this.#status >= 400;
    if (failed) this.#end("rejected", "upstream_error");
    else this.#end("answered", undefined);
  }

  fail(cause: unknown): void {
    const refusal = toUpstream(cause);
    const begun = this.#status !== undefined && refusal.code !== "upstream_credentials";
    if (this.#target === undefined) this.#refuse(refusal);
    else this.#end(begun ? "broken" : "rejected", refusal.code, refusal);
  }

  abort(cause: unknown): void {
    if (this.#settlement.settled) return;
    const refusal = cause instanceof Refusal ? cause : new Refusal("call_aborted");
    if (this.#target === undefined) this.#refuse(refusal);
    else if (refusal.code === "call_aborted") this.#end("aborted", refusal.code);
    else this.fail(refusal);
    // Whoever is stopped asks for the reply.
    if (cause instanceof Refusal) this.#switch.stop(cause);
  }

  onStop(callback: (reason: unknown) => void): void {
    this.#switch.onStop(callback);
  }

  reply(): Reply {
    const refusal = this.#settlement.refusal ?? new Refusal("internal_error");
    const reply = this.#reply ?? this.#parts.dialect.refusal(refusal, this.#state.head);
    return { ...reply, headers: { ...reply.headers, ...this.#settlement.headers() } };
  }

  async #admit(): Promise<RequestHead | undefined> {
    try {
      const reply = await this.#hooks.run((hooks) => hooks.head?.());
      if (this.#settlement.settled) return undefined;
      if (reply !== undefined) return this.#answer(reply);
      const { entry, rules, dialect, engine } = this.#parts;
      const { head } = this.#state;
      const caller = this.#state.facts.get(facts.caller);
      if (caller === undefined) throw new Refusal("missing_key");
      const target = rules.choose(entry, caller, head, dialect);
      const wire = engine.dialects.find(({ provider }) => provider === target.provider) ?? dialect;
      const leaving = toProvider(head, wire, target, caller.ownKey);
      this.#target = target;
      this.#settlement.left();
      this.#left = this.#state.elapsed();
      return leaving;
    } catch (cause) {
      this.#refuse(cause);
      return undefined;
    }
  }

  #answer(reply: Reply): undefined {
    this.#reply = reply;
    this.#settlement.answer(reply.status);
    this.#state.end();
  }

  #refuse(cause: unknown): void {
    if (this.#settlement.settled) return;
    this.#settlement.refuse(cause);
    this.#state.end();
  }

  #end(result: AttemptResult, code: ErrorCode | undefined, refusal?: Refusal): void {
    const target = this.#target;
    if (this.#settlement.settled || target === undefined) return;
    const outcome = {
      number: 1,
      target: target.name,
      provider: target.provider,
      model: "",
      result,
      code,
      status: this.#status,
      reason: undefined,
      retryAfter: undefined,
      sent: wasSent(refusal),
      committed: this.#status !== undefined && refusal?.code !== "upstream_credentials",
      losses: [],
      usage: noUsage,
      flowed: 0,
      cost: 0n,
      startedAt: Math.round(this.#state.startedAt + this.#left),
      firstByte: this.#firstByte,
      duration: this.#state.elapsed() - this.#left,
    };
    this.#settlement.add({ outcome, pending: [] });
    if (refusal !== undefined && result === "rejected") this.#settlement.refuse(refusal);
    else this.#settlement.end(outcome, this.#status ?? refusal?.status ?? 499);
    this.#state.end();
  }
}
